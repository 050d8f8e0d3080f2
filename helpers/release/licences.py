"""Whose terms hold for a tuned model: those of its base, of its teacher, and of its seed tasks.

A model inherits from everything it was made of. What is noted here of the models that our profiles
name is a line each, no legal advice: terms are longer, and change, so the address of each is given
to be read. What is not known here is said to be unknown, which allows nothing.
"""

from dataclasses import dataclass

OPEN = "any use, sale included, as long as licence and notices go along"


@dataclass(frozen=True)
class Terms:
    """What a licence says of selling: ``commercial`` is True, False, or None where not known."""

    name: str
    link: str
    commercial: bool | None
    says: str


APACHE = Terms("Apache-2.0", "https://www.apache.org/licenses/LICENSE-2.0", True, OPEN)
UNKNOWN = Terms("unknown", "", None, "its terms are not known here: find and read them first")
KNOWN = {  # by the beginning of a model's name
    "embedded": APACHE,  # SmolLM2-135M-Instruct
    "smollm2": APACHE,
    "HuggingFaceTB/SmolLM": APACHE,
    "allenai/OLMo-2": APACHE,
    "google/gemma": Terms(
        "Gemma Terms of Use",
        "https://ai.google.dev/gemma/terms",
        True,
        "sale is allowed within its Prohibited Use Policy; the terms go along with every copy, and "
        "bind models that learned from its answers",
    ),
    "facebook/opt": Terms(
        "OPT-175B License Agreement",
        "https://github.com/facebookresearch/metaseq/blob/main/projects/OPT/MODEL_LICENSE.md",
        False,
        "research that is not commercial",
    ),
    "LLaMA": Terms(
        "LLaMA license agreement of February 2023",
        "https://github.com/facebookresearch/llama/blob/llama_v1/LICENSE",
        False,
        "research that is not commercial, for those who were granted the weights",
    ),
    **dict.fromkeys(
        ("gpt-", "o1", "o3", "o4", "text-davinci"),
        Terms(
            "OpenAI's terms of use",
            "https://openai.com/policies/terms-of-use",
            False,
            "answers must not be used to develop models that compete with OpenAI",
        ),
    ),
}


def terms_of(model):
    """The :class:`Terms` of a model by its name; UNKNOWN for one that is not known here."""
    fitting = [start for start in KNOWN if str(model).startswith(start)]
    return KNOWN[max(fitting, key=len)] if fitting else UNKNOWN


def chain(base, teacher):
    """What a tuned model is made of: ``[(part, name, Terms)]``, the base first."""
    return [
        ("base model", base, terms_of(base)),
        ("generated tasks, written by the teacher", teacher, terms_of(teacher)),
        ("seed tasks", "written for Alpaca Classroom", APACHE),
    ]


def may_be_sold(links):
    """``(True, False or None, why)``: whether all that is in a :func:`chain` allows it."""
    for allowed in (False, None):
        for part, name, terms in links:
            if terms.commercial is allowed:
                return allowed, f"the {part} ({name}) stands under {terms.name}: {terms.says}"
    return True, "all of " + ", ".join(f"the {part}" for part, _, _ in links) + " allow it"
