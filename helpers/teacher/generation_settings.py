"""The settings of a generation run: how to ask a teacher, and when to stop.

There are three ways to ask:

``self_synthesis``
    For small chat models. The model continues a chat from the point where the user would write,
    and so invents a user's request (Magpie, Xu et al. 2024). Each request opens with the first
    words of a seed task, so that requests vary as much as the seeds. The model then answers its
    own request after two seed tasks, which show what a direct answer looks like.
``task_list``
    Alpaca's numbered list (Taori et al. 2023), for models that can keep a format. One request
    brings many tasks.
``task_json``
    The same list as JSON under a schema, for endpoints that support structured output.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from helpers.data.filters import LANGUAGES
from helpers.files.row_shapes import Task
from helpers.prompts import LIST_LENGTH
from helpers.teacher.endpoint import Endpoint
from helpers.teacher.request_parameters import check_bounded

WAYS = ("self_synthesis", "task_list", "task_json")


@dataclass(frozen=True)
class Settings:
    """How to ask, which tasks to keep, and when to stop.

    A run folder stores a fingerprint of the settings that decide which tasks come out. A later run
    with other settings is refused there.
    """

    way: str = "self_synthesis"
    language: str = "en"
    target: int = 120  # accepted tasks
    request_limit: int = 400
    examples: int = 3  # tasks shown in each request
    from_accepted: int = 0  # how many of these are accepted tasks, once there are some
    opening_words: int = 2  # self_synthesis: words of a seed that open the request
    end_bias: float = 4.0  # self_synthesis: added to the end token's logit, for shorter answers
    list_length: int | None = None  # tasks in one list; None: the language's LIST_LENGTH
    temperature: float = 0.9
    answer_temperature: float = 0.3  # self_synthesis: for the answer
    instruction_tokens: int = 60  # self_synthesis: the most for an instruction
    answer_tokens: int = 112  # the most for an answer; in a list, for a whole task
    threshold: float = 0.7  # ROUGE-L above this to any kept task is a near-duplicate
    max_dollars: float = 1.0
    max_tokens: int | None = None  # tokens in and out together
    seed: int = 0

    @property
    def tasks_a_request(self) -> int:
        """The most tasks that one request can bring."""
        if self.way == "self_synthesis":
            return 1
        return self.list_length or LIST_LENGTH[self.language]


def check_settings(settings: Settings, endpoint: Endpoint, seeds: Sequence[Task]) -> None:
    """Raise ValueError for settings or seeds that cannot work, before anything is sent.

    Raises EndpointError if nothing limits the length of a reply, because no cap could hold then.
    """
    if settings.way not in WAYS:
        raise ValueError(f"way={settings.way!r} is unknown; choose one of {', '.join(WAYS)}.")
    if settings.language not in LANGUAGES:
        raise ValueError(
            f"language={settings.language!r} is unknown; choose one of {', '.join(LANGUAGES)}."
        )
    if settings.way == "self_synthesis" and endpoint.chat_opening is None:
        raise ValueError(
            f"{endpoint.model} does not continue raw chat text (its chat_opening is None), "
            'which self_synthesis needs; use Settings(way="task_list").'
        )
    check_bounded({"max_tokens": 1}, endpoint, capped=settings.max_tokens is not None)
    _check_examples(settings, seeds)


def _check_examples(settings: Settings, seeds: Sequence[Task]) -> None:
    """Raise ValueError if no request could be given an example."""
    if settings.examples < 1:
        raise ValueError(f"examples={settings.examples}, but each request needs at least 1.")
    unnamed = [number for number, row in enumerate(seeds, 1) if "id" not in row]
    if unnamed:
        raise ValueError(
            f"seed {unnamed[0]} of {len(seeds)} has no id, which records of the run refer to. "
            "Give every seed an id of its own."
        )
    if not any(settings.way != "self_synthesis" or not row["input"] for row in seeds):
        raise ValueError(
            f"none of the {len(seeds)} seeds can serve as an example"
            + (" (self_synthesis needs some without an input)." if seeds else ".")
        )
