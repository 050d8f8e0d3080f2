"""What a training has cost so far: tokens, seconds, memory."""

from helpers.planning.hardware import peak_memory


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
