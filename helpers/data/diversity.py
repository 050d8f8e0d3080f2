"""How varied is a set of instructions? Root verbs and their objects, as Self-Instruct drew them.

Wang et al. 2022 parse each instruction and take its root verb and that verb's direct object. With
spaCy and its ``en_core_web_sm`` installed that is done here too; without, the first word that is a
common imperative counts as the verb and the first plain word after it as the object: a rougher
picture of the same thing, and it says which of the two it is. English only; other languages are
compared by lengths and novelty, which need no grammar.
"""

import functools
import re
from collections import Counter


def _words(text):
    return frozenset(text.split())


# Imperatives that open instructions, and verbs of questions that ask for the same.
VERBS = _words(
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
_SMALL = _words(
    "a an the this that these those my your his her its our their some any each every all both "
    "one two three four five six seven eight nine ten several many more most few other another "
    "of to for in on at with from by and or as me us them it him you i we into about how what "
    "which who why when where whether if following given new short brief simple good best main "
    "possible different is are be can not non very just clear"
)


def verb_and_object(instruction):
    """``(verb, object)`` of an instruction, lower-case; either may be None."""
    parser = _spacy()
    return _parsed(parser, instruction) if parser else _guessed(instruction)


def count_pairs(instructions):
    """Counter of ``(verb, object)`` over instructions that have a verb, and the way it was made.

    Returns ``(counts, way)``; ``way`` is ``"spaCy"`` or ``"word list"``.
    """
    pairs = (verb_and_object(text) for text in instructions)
    counts = Counter(pair for pair in pairs if pair[0])
    return counts, "spaCy" if _spacy() else "word list"


def rings(counts, verbs=12, objects=4):
    """The two rings of a sunburst: ``[(verb, total, [(object, count), …]), …]``, largest first.

    The ``verbs`` commonest, each with its ``objects`` commonest; what is left of a verb is not
    listed, so its objects may sum to less than its total.
    """
    totals, inner = Counter(), {}
    for (verb, noun), count in counts.items():
        totals[verb] += count
        if noun:
            inner.setdefault(verb, Counter())[noun] += count
    return [
        (verb, total, inner.get(verb, Counter()).most_common(objects))
        for verb, total in totals.most_common(verbs)
    ]


@functools.cache
def _spacy():
    try:
        import spacy

        return spacy.load("en_core_web_sm", disable=["ner"])
    except (ImportError, OSError):
        return None


def _parsed(parser, instruction):
    for sentence in parser(instruction).sents:
        root = sentence.root
        if root.pos_ in ("VERB", "AUX"):
            nouns = [word.lemma_.lower() for word in root.children if word.dep_ == "dobj"]
            return root.lemma_.lower(), nouns[0] if nouns else None
    return None, None


def _guessed(instruction):
    words = re.findall(r"[a-z]+", instruction.lower())
    for i, word in enumerate(words):
        if word in VERBS:
            rest = (w for w in words[i + 1 : i + 8] if w not in _SMALL and w not in VERBS)
            return word, next(rest, None)
    return None, None
