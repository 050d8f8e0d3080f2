"""What a training has cost so far: tokens, seconds, memory."""

from typing import NotRequired, TypedDict

from helpers.planning.hardware import peak_memory


class CurvePoint(TypedDict):
    """A point of a training's curve; losses in nats a token, memory in bytes."""

    step: int
    loss: NotRequired[float]
    heldout_loss: NotRequired[float]
    tokens_per_second: NotRequired[float]
    padding: NotRequired[float]
    memory: NotRequired[int]
    minutes_left: NotRequired[float | None]


class TrainingRecord(TypedDict):
    """What ``training.json`` holds of a finished training.

    ``cut`` rows were shortened to the maximum length, ``dropped`` ones hold no response within
    it. ``padding`` is the share of computed tokens, ``memory`` the peak in bytes. LoRA adds its
    best step and parameters, full training its ranks and the parameters that each holds.
    """

    history: list[CurvePoint]
    steps: int
    seconds: float
    cut: int
    dropped: int
    tokens_per_second: float
    padding: float
    memory: int
    best_step: NotRequired[int]
    response_tokens: NotRequired[int]
    trainable: NotRequired[int]
    total: NotRequired[int]
    ranks: NotRequired[int]
    held: NotRequired[list[int]]


class Meter:
    """What training has cost so far: tokens that are text, tokens computed, seconds in steps."""

    def __init__(self):
        self.real = self.computed = 0
        self.seconds = 0.0

    def count(self, real, computed, seconds=0.0):
        """Add a piece of work: its tokens without and with padding, and how long it took."""
        self.real, self.computed = self.real + real, self.computed + computed
        self.seconds += seconds

    def read(self):
        """``tokens_per_second``, ``padding`` (share of the computed tokens), ``memory`` (bytes)."""
        return {
            "tokens_per_second": self.real / self.seconds if self.seconds else 0.0,
            "padding": 1 - self.real / self.computed if self.computed else 0.0,
            "memory": peak_memory(),
        }

    def minutes_left(self, done, steps):
        """Minutes for the rest of ``steps``, by the pace of the ``done`` ones; None before any."""
        return self.seconds / done * (steps - done) / 60 if done else None
