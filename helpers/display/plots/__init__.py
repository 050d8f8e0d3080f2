"""Draw charts of the data, the training and the results, with matplotlib.

Each function takes data and returns a :class:`picture.Picture`, which also says in words what the
chart shows. A colour means the same in every chart, and a marker or a word says it as well.
Intervals are always drawn.

data      lengths, novelty, drops, sunburst
training  loss_curves, memory
results   facts, win_rates, found_by_length
picture   Picture; the colours, markers and names of the models; the style of all charts
"""

from helpers.display.colours import COLORS, NAMES
from helpers.display.plots.data import drops, lengths, novelty, sunburst
from helpers.display.plots.picture import Picture
from helpers.display.plots.results import facts, found_by_length, win_rates
from helpers.display.plots.training import loss_curves, memory

__all__ = [
    "COLORS",
    "NAMES",
    "Picture",
    "drops",
    "facts",
    "found_by_length",
    "lengths",
    "loss_curves",
    "memory",
    "novelty",
    "sunburst",
    "win_rates",
]
