"""Read ``metrics.json``, the results of a run, and check that it contains numbers."""

from pathlib import Path
from typing import Any

from helpers.files.file_kinds import DataError
from helpers.files.received import ReceivedError, read_json

# The results of a run as lesson 5 writes them. "tasks" is the number of evaluation tasks, each
# model of ``plots.NAMES`` has ``{fact: interval}``, and "change" has ``{model: {fact: interval}}``
# of the differences from before. "judge" is the judge's calibration report, with the ``Summary`` of
# its verdicts as a dict for each trained model.
Metrics = dict[str, Any]
_TEXTS = ("judge.headline",)  # everything else is a number, or null


def read_metrics(path: str | Path) -> Metrics:
    """Read the results of a run.

    Raises DataError for a file that is missing or not JSON, and for a text in place of a number,
    because the report would contain it.
    """
    try:
        metrics = read_json(path)
    except (OSError, ReceivedError) as error:
        raise DataError(f"{error} Run lesson 5 again.") from None
    if not isinstance(metrics, dict):
        raise DataError(f"{path} holds no JSON object. Run lesson 5 again.")
    places: list[tuple[str, object]] = [("", metrics)]
    while places:
        place, value = places.pop()
        if isinstance(value, dict):
            places += [(f"{place}.{key}".strip("."), inner) for key, inner in value.items()]
        elif place not in _TEXTS and not isinstance(value, int | float | None):
            raise DataError(
                f"{path}: {place} is {str(value)!r:.60}, expected a number. Run lesson 5 again."
            )
    return metrics
