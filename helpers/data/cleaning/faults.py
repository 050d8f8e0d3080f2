"""Find what makes an imported row useless for training: one row in, its class of fault and why out.

Most classes come from people who read Alpaca's release and cleaned it (Ruebsamen et al. 2023,
AlpacaDataCleaned), the others from data that was collected on the web. Wrong answers and senseless
requests are not among them, because no rule detects a wrong sum. A doubtful row counts as sound.
"""

from collections.abc import Callable

from helpers.data.cleaning.copied_outputs import why_copied
from helpers.data.cleaning.cut_outputs import why_cut
from helpers.data.cleaning.empty_outputs import why_empty
from helpers.data.cleaning.merged_tasks import why_merged
from helpers.data.cleaning.missing_material import why_material_missing, why_text_missing
from helpers.data.cleaning.pictures import why_picture_needed
from helpers.data.cleaning.refusals import refuses
from helpers.data.cleaning.wrong_language import why_wrong_language
from helpers.files.row_shapes import Task


def fault_of(task: Task) -> tuple[str, str] | None:
    """The first fault of a row as ``(class, reason)``, or None. Its ``language`` counts."""
    for fault, check in _CHECKS.items():
        reason = check(task)
        if reason:
            return fault, reason
    return None


def _why_refused(task: Task) -> str | None:
    return "the output refuses the task" if refuses(task) else None


_CHECKS: dict[str, Callable[[Task], str | None]] = {
    "empty output": why_empty,
    "refusal": _why_refused,
    "two tasks in one": why_merged,
    "address or attachment": why_material_missing,
    "picture or sound": why_picture_needed,
    "text missing": why_text_missing,
    "echo": why_copied,
    "wrong language": why_wrong_language,
    "cut off": why_cut,
}
