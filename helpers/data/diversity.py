"""Measure how varied instructions are: their root verbs and objects, as Self-Instruct counts them.

Wang et al. 2022 parse each instruction and take its root verb and the verb's direct object. With
spaCy and its model ``en_core_web_sm`` the same is done here. Without them, the first common
imperative counts as the verb, and the first content word after it as the object. This is less
exact, so the result says which method was used.

English only. Other languages are compared by length and novelty, which need no grammar.
"""

import functools
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.language import Language

Pair = tuple[str | None, str | None]  # a verb and its object
Ring = tuple[str, int, list[tuple[str, int]]]  # a verb, its count, its objects with their counts


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Imperatives with which instructions begin, and verbs of questions that ask for the same.
_VERBS = _words(
    "add analyze answer arrange assign brainstorm break build calculate categorize change check "
    "choose cite classify collect combine compare compile complete compose compute condense "
    "construct convert correct count create decide deduce define delete describe design "
    "determine develop differentiate discuss divide draft draw edit eliminate elaborate estimate "
    "evaluate examine expand explain express extract fill find fix form formulate generate give "
    "group guess help identify illustrate imagine improve include infer insert interpret invent "
    "join judge label list locate make match mention merge model modify name offer order organize "
    "outline paraphrase pick plan point predict prepare present prioritize produce proofread "
    "propose prove provide put rank rate read recommend recount reduce remove rename reorder "
    "reorganize rephrase replace reply report restate restructure retell return reverse review "
    "revise rewrite round say search select separate set shorten show simplify solve sort spell "
    "split state suggest sum summarize supply tell think transform translate turn unscramble "
    "update use verify visualize write"
)
_FUNCTION_WORDS = _words(
    "a an the this that these those my your his her its our their some any each every all both "
    "one two three four five six seven eight nine ten several many more most few other another "
    "of to for in on at with from by and or as me us them it him you i we into about how what "
    "which who why when where whether if following given new short brief simple good best main "
    "possible different is are be can not non very just clear"
)


def verb_and_object(instruction: str) -> Pair:
    """``(verb, object)`` of an instruction in lower case; each may be None."""
    parser = _spacy()
    return _parsed(parser, instruction) if parser else _guessed(instruction)


def count_verbs_and_objects(instructions: Iterable[str]) -> tuple[Counter[Pair], str]:
    """Count ``(verb, object)`` over the instructions that have a verb.

    Returns ``(counts, method)``; the method is ``"spaCy"`` or ``"word list"``.
    """
    pairs = (verb_and_object(text) for text in instructions)
    counts = Counter(pair for pair in pairs if pair[0])
    return counts, "spaCy" if _spacy() else "word list"


def sunburst_rings(counts: Mapping[Pair, int], verbs: int = 12, objects: int = 4) -> list[Ring]:
    """The two rings of a sunburst chart: ``[(verb, total, [(object, count), …]), …]``.

    Holds the ``verbs`` most frequent verbs, each with its ``objects`` most frequent objects. Other
    objects are left out, so the counts of the objects may sum to less than the verb's total.
    """
    totals: Counter[str] = Counter()
    objects_of: dict[str, Counter[str]] = defaultdict(Counter)
    for (verb, noun), count in counts.items():
        if verb:
            totals[verb] += count
        if verb and noun:
            objects_of[verb][noun] += count
    return [
        (verb, total, objects_of[verb].most_common(objects))
        for verb, total in totals.most_common(verbs)
    ]


@functools.cache
def _spacy() -> "Language | None":
    """spaCy's English parser, or None if spaCy or its model is not installed."""
    try:
        import spacy

        return spacy.load("en_core_web_sm", disable=["ner"])
    except (ImportError, OSError):
        return None


def _parsed(parser: "Language", instruction: str) -> Pair:
    """Verb and object by grammar."""
    for sentence in parser(instruction).sents:
        root = sentence.root
        if root.pos_ in ("VERB", "AUX"):
            nouns = [word.lemma_.lower() for word in root.children if word.dep_ == "dobj"]
            return root.lemma_.lower(), nouns[0] if nouns else None
    return None, None


def _guessed(instruction: str) -> Pair:
    """Verb and object by word lists: the object is one of the seven words after the verb."""
    words = re.findall(r"[a-z]+", instruction.lower())
    for i, word in enumerate(words):
        if word in _VERBS:
            following = words[i + 1 : i + 8]
            other = (w for w in following if w not in _FUNCTION_WORDS and w not in _VERBS)
            return word, next(other, None)
    return None, None
