"""Whose terms hold for a tuned model: those of its base, of its teacher, and of its seed tasks.

A model inherits from everything it was made of. What is noted here of the models that our profiles
name is a line each, from texts read in November 2026 (Apache-2.0, Gemma's of April 2026, OPT's,
OpenAI's of January 2026; of LLaMA's first licence a copy that is not Meta's). That is no legal
advice: terms are longer, and change, so the address of each is given to be read. What is not known
here is said to be unknown, which allows nothing.
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
KNOWN = {  # by the beginning of a model's name; the longest that fits
    "embedded": APACHE,  # SmolLM2-135M-Instruct
    "smollm2": APACHE,
    "HuggingFaceTB/SmolLM2": APACHE,
    "allenai/OLMo-2-1124-7B": APACHE,
    "allenai/OLMo-2-1124-13B": APACHE,
    # Taught further with data that stands under Gemma's terms, as their cards say.
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


def licence_terms(model):
    """The :class:`Terms` of a model by its name; UNKNOWN for one that is not known here."""
    fitting = [start for start in KNOWN if str(model).startswith(start)]
    return KNOWN[max(fitting, key=len)] if fitting else UNKNOWN


def licence_chain(base, teacher):
    """What a tuned model is made of: ``[(part, name, Terms)]``; without a ``base``, its data."""
    return [
        *([("base model", base, licence_terms(base))] if base else []),
        ("teacher", teacher, licence_terms(teacher)),
        ("seed tasks", "written for Alpaca Classroom", APACHE),
    ]


def may_be_sold(links):
    """``(True, False or None, why)``: whether all that is in a :func:`licence_chain` allows it."""
    for allowed in (False, None):
        for part, name, terms in links:
            if terms.commercial is allowed:
                return allowed, f"for the {part}, {name}, {_holds(terms)}: {terms.says}"
    return True, f"the terms of {' and '.join(part for part, _, _ in links)} allow it"


def _holds(terms):
    return f"the {terms.name} holds" if terms.link else "terms hold that nobody has read here"


def card_section(links):
    """The lines of a card for a licence chain: each part, its terms, what follows for a sale."""
    allowed, why = may_be_sold(links)
    answer = {True: "allowed", False: "not allowed", None: "not to be assumed"}[allowed]
    lines = ["## Whose terms hold", ""]
    lines += [
        f"- {part}, {name}: {terms.name}" + (f" ({terms.link})" if terms.link else "")
        for part, name, terms in links
    ]
    return [*lines, "", f"**Commercial use is {answer}**: {why}. This is no legal advice."]


def hub_licence(links):
    """What the hub shows as licence, as metadata of a card: the strictest of a chain."""
    names = {terms.name for _, _, terms in links}
    if names == {"Apache-2.0"}:
        return {"license": "apache-2.0"}
    allowed, _ = may_be_sold(links)
    strict = [terms for _, _, terms in links if terms.commercial is allowed and terms.link]
    strict = [terms for terms in strict if terms.name != "Apache-2.0"] or strict
    found = {"license": "other", "license_name": strict[0].name if strict else "unknown"}
    return found | ({"license_link": strict[0].link} if strict else {})
