"""Whose licence terms apply to a tuned model: those of its base, its teacher and its seed tasks.

A model inherits terms from everything it was made from. :data:`KNOWN` holds a one-line reading of
the terms of each model that the profiles name. These texts were read: Apache-2.0, Gemma's terms of
April 2026, OPT's licence, OpenAI's agreement of January 2026, and a copy of LLaMA's first licence
that does not come from Meta. The lines are no legal advice. Terms are longer and change, so each
has the address of its text. A model that is not listed has unknown terms, and unknown terms allow
nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

OPEN = "any use, sale included, as long as licence and notices go along"


@dataclass(frozen=True)
class Terms:
    """What a licence says about commercial use, in short.

    ``commercial``: whether it is allowed; None if not known. ``says``: the rule in a few words.
    ``link``: the address of the text, empty if not known.
    """

    name: str
    link: str
    commercial: bool | None
    says: str


APACHE = Terms("Apache-2.0", "https://www.apache.org/licenses/LICENSE-2.0", True, OPEN)
UNKNOWN = Terms("unknown", "", None, "find and read them first")
GEMMA = Terms(
    "Gemma Terms of Use",
    "https://ai.google.dev/gemma/terms",
    True,
    "sale is allowed within its Prohibited Use Policy; the terms go along with every copy, and "
    "bind models that learned from its answers (section 1.1)",
)
OPENAI = Terms(
    "OpenAI Services Agreement",
    "https://openai.com/policies/services-agreement",
    False,
    "answers belong to who asked for them, but must not be used to develop models that compete "
    "with OpenAI's (section 3.3)",
)
# The links of a chain: (part, name, terms).
LicenceChain = Sequence[tuple[str, str, Terms]]
KNOWN = {  # by the beginning of a model's name; the longest one that fits counts
    "embedded": APACHE,  # SmolLM2-135M-Instruct
    "smollm2": APACHE,
    "HuggingFaceTB/SmolLM2": APACHE,
    "allenai/OLMo-2-1124-7B": APACHE,
    "allenai/OLMo-2-1124-13B": APACHE,
    # Trained further on data under Gemma's terms, as their model cards say.
    "allenai/OLMo-2-1124-7B-": GEMMA,
    "allenai/OLMo-2-1124-13B-": GEMMA,
    "google/gemma": GEMMA,
    "facebook/opt": Terms(
        "OPT-175B License Agreement",
        "https://github.com/facebookresearch/metaseq/blob/main/projects/OPT/MODEL_LICENSE.md",
        False,
        "research that is not commercial, its answers included (sections 1 and 2)",
    ),
    "LLaMA": Terms(
        "LLaMA License (non-commercial, version 1)",
        "https://github.com/meta-llama/llama/blob/llama_v1/MODEL_CARD.md",
        False,
        "research that is not commercial, for those who were granted the weights",
    ),
    **dict.fromkeys(
        ("gpt-3", "gpt-4", "gpt-5", "chatgpt-", "o1-", "o3-", "o4-", "text-davinci", "ft:gpt-"),
        OPENAI,
    ),
    "gpt-oss": APACHE,
}


def licence_terms(model: str) -> Terms:
    """The terms of a model, by its name; :data:`UNKNOWN` for a model that is not listed."""
    fitting = [start for start in KNOWN if model.startswith(start)]
    return KNOWN[max(fitting, key=len)] if fitting else UNKNOWN


def licence_chain(base: str | None, teacher: str) -> list[tuple[str, str, Terms]]:
    """What a tuned model is made from, as ``[(part, name, terms)]``.

    Without a ``base`` it is the chain of the generated data.
    """
    return [
        *([("base model", base, licence_terms(base))] if base else []),
        ("teacher", teacher, licence_terms(teacher)),
        ("seed tasks", "written for Alpaca Classroom", APACHE),
    ]


def allows_commercial_use(links: LicenceChain) -> tuple[bool | None, str]:
    """Whether every part of a :func:`licence_chain` allows commercial use, and why.

    The answer is False if any part forbids it, else None if any part's terms are unknown.
    """
    for allowed in (False, None):
        for part, name, terms in links:
            if terms.commercial is allowed:
                return allowed, f"for the {part}, {name}, {_which_terms(terms)}: {terms.says}"
    return True, f"the terms of {' and '.join(part for part, _, _ in links)} allow it"


def _which_terms(terms: Terms) -> str:
    return f"the {terms.name} holds" if terms.link else "terms hold that nobody has read here"


def card_section(links: LicenceChain) -> list[str]:
    """The lines of a card about licences: each part with its terms, and whether sale is allowed."""
    allowed, why = allows_commercial_use(links)
    answer = {True: "allowed", False: "not allowed", None: "not to be assumed"}[allowed]
    lines = ["## Whose terms hold", ""]
    lines += [
        f"- {part}, {name}: {terms.name}" + (f" ({terms.link})" if terms.link else "")
        for part, name, terms in links
    ]
    return [*lines, "", f"**Commercial use is {answer}**: {why}. This is no legal advice."]


def hub_licence(links: LicenceChain) -> dict[str, str]:
    """The licence fields of a card's metadata for the hub: the strictest terms of a chain."""
    if {terms.name for _, _, terms in links} == {"Apache-2.0"}:
        return {"license": "apache-2.0"}
    allowed, _ = allows_commercial_use(links)
    deciding = [terms for _, _, terms in links if terms.commercial is allowed and terms.link]
    deciding = [terms for terms in deciding if terms.name != "Apache-2.0"] or deciding
    if not deciding:
        return {"license": "other", "license_name": "unknown"}
    strictest = deciding[0]
    return {
        "license": "other",
        "license_name": strictest.name,
        "license_link": strictest.link,
    }
