"""The licence chain: the strictest part decides, and unknown terms allow nothing."""

import pytest

from helpers.profiles import PROFILES
from helpers.release.licences import UNKNOWN, allows_commercial_use, licence_chain, licence_terms


@pytest.mark.parametrize(
    "base, teacher, allowed, why",
    [
        ("embedded", "embedded", True, "base model and teacher and seed"),
        ("embedded", "smollm2-135m-instruct", True, "allow it"),
        ("google/gemma-2b-it", "embedded", True, "allow it"),
        ("LLaMA-7B", "text-davinci-003", False, "base model, LLaMA-7B, the LLaMA License"),
        ("embedded", "gpt-4o-mini", False, "compete"),
        ("somebody/else-1b", "embedded", None, "nobody has read"),
        ("somebody/else-1b", "gpt-4o-mini", False, "compete"),  # forbidden is worse than unknown
    ],
)
def test_the_strictest_part_decides(base, teacher, allowed, why):
    found, reason = allows_commercial_use(licence_chain(base, teacher))
    assert found is allowed
    assert why in reason


def test_the_terms_of_every_profiles_student_are_known_and_have_an_address():
    for profile in PROFILES.values():
        terms = licence_terms(profile.student)
        assert terms is not UNKNOWN and terms.link.startswith("https://")
