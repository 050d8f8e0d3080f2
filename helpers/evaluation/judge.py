"""A judge: one model says which of two answers is better, and we ask what its word is worth.

Every pair is shown in both orders. How a verdict is asked for depends on what the endpoint can do::

    letters   one token; the verdict is the likelier of the letters A and B, and its probability
              in both orders is averaged
    schema    JSON under a schema, reasons first and verdict last
    written   reasons in words, the verdict on the last line

How an answer is read, and when its letters are too improbable for it:
:mod:`helpers.evaluation.verdict_parser.readings`. What cannot be read is asked for once more, then
counted as unparsed: never dropped, never a win. What the verdicts add up to is the matter of
:mod:`helpers.evaluation.verdict_stats`; calls are kept, billed and capped by
:mod:`helpers.teacher.cached_calls`; the prompts are in :mod:`helpers.evaluation.rubrics`.
"""

from helpers.evaluation.rubrics import grade_message, judge_message
from helpers.evaluation.verdict_parser.readings import read_grade, read_verdict
from helpers.evaluation.verdict_parser.verdict import parse_verdict
from helpers.evaluation.verdict_stats import ORDERS, Summary, calibrate, record_of, summarize
from helpers.io import DataError, join_input, read_jsonl
from helpers.teacher.abilities import abilities
from helpers.teacher.cached_calls import ask_all
from helpers.teacher.endpoint import teacher_endpoint

__all__ = [
    "Summary",
    "best_way",
    "calibrate",
    "gold_pairs",
    "grade",
    "judge",
    "judge_bodies",
    "open_judge",
    "pair_up",
    "parse_verdict",
    "summarize",
]

WAYS = ("letters", "schema", "written")
_LENGTH = {"letters": 1, "schema": 320, "written": 320}  # tokens a verdict may take
_SCHEMA = {
    "type": "object",
    "properties": {
        "reasons": {"type": "string"},
        "verdict": {"type": "string", "enum": ["A", "B", "tie"]},
    },
    "required": ["reasons", "verdict"],
    "additionalProperties": False,
}


def pair_up(rows, left, right, *, reference=False):
    """Pairs to judge from evaluation rows and two models' answers to them, in the same order.

    With ``reference`` the judge is shown the row's own output as well.
    """
    return [
        {
            "id": row["id"],
            "request": join_input(row),
            "left": a["output"],
            "right": b["output"],
            "category": row.get("category"),
            **({"reference": row["output"]} if reference else {}),
        }
        for row, a, b in zip(rows, left, right, strict=True)
    ]


def gold_pairs(path):
    """Pairs whose better answer is known, from a file of gold rows; the better one is the left."""
    return [
        {
            "id": row["id"],
            "request": join_input(row),
            "left": row["better"],
            "right": row["worse"],
            "category": row.get("category"),
            "kind": row["kind"],
            "why": row.get("why", ""),
        }
        for row in _gold_rows(path)
    ]


def _gold_rows(path):
    rows = read_jsonl(path)
    for number, row in enumerate(rows, 1):
        missing = [f for f in ("id", "instruction", "better", "worse", "kind") if not row.get(f)]
        if missing:
            raise DataError(
                f"{path}:{number}: the field {missing[0]!r} is missing or empty. A gold row has an "
                "instruction, a better and a worse answer, and a kind."
            )
    return rows


def best_way(endpoint):
    """The way of asking that gets most out of an endpoint, found out by asking it."""
    able = abilities(endpoint)
    return "letters" if able["logprobs"] else "schema" if able["json_schema"] else "written"


def judge_bodies(pairs, *, way="letters", language="en", again=False):
    """What is sent: for every pair a body in each order. ``again`` is the second asking."""
    if way not in WAYS:
        raise ValueError(f"way={way!r} is unknown; choose one of {', '.join(WAYS)}.")
    kind = "letter" if way == "letters" else "written"
    common = {"max_tokens": _LENGTH[way], "temperature": 0.7 if again else 0}
    if way == "letters":
        common |= {"logprobs": True, "top_logprobs": 20}
    if way == "schema":
        shape = {"name": "judgement", "strict": True, "schema": _SCHEMA}
        common["response_format"] = {"type": "json_schema", "json_schema": shape}
    if again:
        common |= {"seed": 1}
    return [
        {
            "messages": [
                {
                    "role": "user",
                    "content": judge_message(pair, order, kind=kind, language=language),
                }
            ],
            **common,
        }
        for pair in pairs
        for order in ORDERS
    ]


def open_judge(name, models, folder, **limits):
    """The judge a profile names, as an async function from pairs to verdict records.

    ``"embedded"`` is :mod:`helpers.evaluation.likelihood`'s, with its model from the folder
    ``models``; any other name a model at an endpoint
    (:func:`helpers.teacher.endpoint.teacher_endpoint`), asked in its best way. What was answered is
    kept in files of ``folder``; ``limits`` as in :func:`judge`.
    """
    if name == "embedded":
        from helpers.evaluation.likelihood import judge_by_likelihood, load_judge

        model, tokenizer = load_judge(models)

        async def ask(pairs):
            return judge_by_likelihood(model, tokenizer, pairs, folder / "likelihoods.jsonl")
    else:
        endpoint = teacher_endpoint(name)
        way = best_way(endpoint)

        async def ask(pairs):
            return await judge(endpoint, pairs, folder / "judge_calls.jsonl", way=way, **limits)

    return ask


async def judge(endpoint, pairs, cache, *, way="letters", language="en", **limits):
    """Judge every pair in both orders; returns one verdict record a pair, in the pairs' order.

    A record is what :mod:`helpers.evaluation.verdict_stats` counts: ``id``, ``ab``, ``ba`` (the
    letter named in that order, ``"tie"`` or None), ``p_left`` (the left answer's probability,
    averaged over both orders; None without log-probabilities), ``improbable`` (in how many of the
    two orders the letters were too improbable to be read), ``chars``, ``texts`` (what was said in
    each order), and the pair's ``category`` and ``kind``. ``cache`` and ``limits``
    (``max_dollars``, ``max_tokens``, ``say``, ``on_answer``) are those of
    :func:`helpers.teacher.cached_calls.ask_all`, as are its errors.
    """
    bodies = judge_bodies(pairs, way=way, language=language)
    answers = await ask_all(endpoint, bodies, cache, **limits)
    said = [read_verdict(answer, way) for answer in answers]
    unread = [i for i, reading in enumerate(said) if reading.verdict is None]
    if unread:
        again = judge_bodies(pairs, way=way, language=language, again=True)
        second = await ask_all(endpoint, [again[i] for i in unread], cache, **limits)
        for i, answer in zip(unread, second, strict=True):
            said[i] = read_verdict(answer, way)
            answers[i] = answer
    return [
        _record(pair, said[2 * i : 2 * i + 2], answers[2 * i : 2 * i + 2])
        for i, pair in enumerate(pairs)
    ]


def _record(pair, said, answers):
    ab, ba = said
    both = None not in (ab.first, ba.first)
    return record_of(
        pair,
        ab.verdict,
        ba.verdict,
        p_left=(ab.first + 1 - ba.first) / 2 if both else None,
        improbable=ab.improbable + ba.improbable,
        texts={order: answer["text"] for order, answer in zip(ORDERS, answers, strict=True)},
    )


async def grade(endpoint, rows, answers, cache, *, language="en", reference=False, **limits):
    """Grade single answers on ``rubrics.SCALE``; ``[{"id", "grade"}]``, in order.

    A grade is 1 to 5, the mean over the digits' probabilities where the endpoint tells them, None
    where nothing could be read (it is asked for once more first). Where all digits together were
    less probable than :data:`helpers.evaluation.verdict_parser.readings.LEAST_PROBABILITY`, the row
    has ``"improbable": True``. Grades of one answer at a time have no order to mislead them, but no
    other answer to be held against either.
    """

    def bodies(**how):
        messages = [
            grade_message(
                join_input(row),
                given["output"],
                reference=row["output"] if reference else None,
                language=language,
            )
            for row, given in zip(rows, answers, strict=True)
        ]
        common = {"max_tokens": 16, "logprobs": True, "top_logprobs": 20, "temperature": 0, **how}
        return [{"messages": [{"role": "user", "content": m}], **common} for m in messages]

    grades = [read_grade(kept) for kept in await ask_all(endpoint, bodies(), cache, **limits)]
    unread = [i for i, found in enumerate(grades) if found["grade"] is None]
    again = bodies(temperature=0.7, seed=1)
    second = await ask_all(endpoint, [again[i] for i in unread], cache, **limits)
    for i, kept in zip(unread, second, strict=True):
        grades[i] = read_grade(kept)
    return [{"id": row["id"], **found} for row, found in zip(rows, grades, strict=True)]
