"""Ask a model to grade single answers on a scale from 1 to 5."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from helpers.evaluation.judge import ask_and_read
from helpers.evaluation.judge_prompts import grade_message
from helpers.evaluation.verdict_parser.readings import read_grade
from helpers.io import Task, join_input
from helpers.teacher.endpoint import Endpoint
from helpers.training.answering import Answer


class GradedAnswer(TypedDict):
    """The grade of one row's answer, 1 to 5, or None where the reply could not be read.

    ``improbable`` is True where the digits were too improbable to be read.
    """

    id: str
    grade: float | None
    improbable: NotRequired[bool]


async def grade(
    endpoint: Endpoint,
    rows: Sequence[Task],
    answers: Sequence[Answer],
    cache: str | Path,
    *,
    language: str = "en",
    reference: bool = False,
    **limits: Any,
) -> list[GradedAnswer]:
    """Grade single answers on ``judge_prompts.SCALE``, in the rows' order.

    Each answer is graded alone, so the order of answers has no effect. A grade is the mean over the
    digits' probabilities where the endpoint gives them, else what the text says. With ``reference``
    the judge also sees the row's own output. ``cache`` and ``limits`` are those of ``judge.judge``.
    """
    messages = [
        grade_message(
            join_input(row),
            answer["output"],
            reference=row["output"] if reference else None,
            language=language,
        )
        for row, answer in zip(rows, answers, strict=True)
    ]

    def bodies(again: bool) -> list[dict[str, Any]]:
        common: dict[str, Any] = {"max_tokens": 16, "logprobs": True, "top_logprobs": 20}
        common |= {"temperature": 0.7, "seed": 1} if again else {"temperature": 0}
        return [{"messages": [{"role": "user", "content": m}], **common} for m in messages]

    replies = await ask_and_read(
        endpoint, bodies, read_grade, lambda found: found["grade"] is None, cache, **limits
    )
    return [{"id": row["id"], **found} for row, (_, found) in zip(rows, replies, strict=True)]
