"""Measure what a training costs: tokens, seconds and memory; the records of its progress."""

from typing import NotRequired, TypedDict

from helpers.planning.hardware import peak_memory
from helpers.training.encoding import DroppedRow


class MeterReading(TypedDict):
    """A meter's state: tokens of text a second, computed tokens per token of text, peak bytes.

    Padding raises the computed tokens above 1; a beginning that rows share lowers them.
    """

    tokens_per_second: float
    computed: float
    memory: int


class CurvePoint(TypedDict):
    """A point of a training's curve; losses in nats a token, memory in bytes.

    A point that is reported during a training also has the meter's readings, and ``of``, the number
    of steps in all.
    """

    step: int
    loss: NotRequired[float]
    heldout_loss: NotRequired[float]
    of: NotRequired[int]
    tokens_per_second: NotRequired[float]
    computed: NotRequired[float]
    memory: NotRequired[int]
    minutes_left: NotRequired[float | None]


class TrainingRecord(TypedDict):
    """What ``training.json`` holds of a finished training.

    ``cut`` counts the rows that were shortened to the maximum length. ``dropped`` are the rows that
    have no response within it: LoRA training lists them, full training counts them. The
    meter's readings are those of :class:`MeterReading`. LoRA training adds its best step and its
    parameters; full training adds its ranks and the parameters that each rank holds.
    """

    history: list[CurvePoint]
    steps: int
    seconds: float
    cut: int
    dropped: int | list[DroppedRow]
    tokens_per_second: float
    computed: float
    memory: int
    best_step: NotRequired[int]
    response_tokens: NotRequired[int]
    trainable: NotRequired[int]
    total: NotRequired[int]
    ranks: NotRequired[int]
    held: NotRequired[list[int]]


class Meter:
    """Counts the cost of a training so far.

    ``real`` are the tokens of text, ``computed`` those that were computed, ``seconds`` the time in
    steps.
    """

    def __init__(self) -> None:
        self.real = self.computed = 0
        self.seconds = 0.0

    def count(self, real: int, computed: int, seconds: float = 0.0) -> None:
        """Add a piece of work: its tokens of text, its computed tokens, and its seconds."""
        self.real, self.computed = self.real + real, self.computed + computed
        self.seconds += seconds

    def read(self) -> MeterReading:
        """Return the speed, the computed tokens per token of text and the peak memory so far."""
        return {
            "tokens_per_second": self.real / self.seconds if self.seconds else 0.0,
            "computed": self.computed / self.real if self.real else 1.0,
            "memory": peak_memory(),
        }

    def minutes_left(self, done: int, steps: int) -> float | None:
        """Estimate the minutes for the rest of ``steps`` from the pace of the ``done`` steps.

        Returns None before the first step.
        """
        return self.seconds / done * (steps - done) / 60 if done else None
