"""Write a new model folder: check the disk space, copy its small files, name it when complete."""

import contextlib
import shutil
from collections.abc import Container, Iterator
from pathlib import Path

from helpers.files.received import check_folder
from helpers.files.writing import move_into_place, scratch_folder
from helpers.training.model_folders import FILES_WITHOUT_WEIGHTS


@contextlib.contextmanager
def new_folder(out: str | Path, needed: int = 0) -> Iterator[Path]:
    """Yield a temporary folder to write into; it is renamed to ``out`` when the block ends.

    An error in the block removes the temporary folder. Raises FileExistsError if ``out`` exists,
    and OSError if the disk has less than ``needed`` bytes free.
    """
    out = Path(out)
    if out.exists():
        raise FileExistsError(f"{out} is there already; choose another name or delete it first.")
    check_free_space(out.parent, needed)
    with scratch_folder(out) as scratch:
        yield scratch
        move_into_place(scratch, out)


def check_free_space(folder: str | Path, needed: int) -> None:
    """Raise OSError if the disk of ``folder`` has less than ``needed`` bytes free.

    The folder need not exist yet.
    """
    folder = Path(folder)
    existing = next(
        path for path in (folder.absolute(), *folder.absolute().parents) if path.exists()
    )
    free = shutil.disk_usage(existing).free
    if free < needed:
        raise OSError(
            f"{needed / 1e9:.1f} GB are needed in {folder}, but only {free / 1e9:.1f} GB are free. "
            "Delete files you no longer need, or name a folder on another disk."
        )


def copy_without_weights(
    folder: str | Path, target: str | Path, *, but: Container[str] = ()
) -> None:
    """Copy a model's configuration, tokenizer and index into ``target``, but not ``but``."""
    check_folder(folder)
    for pattern in FILES_WITHOUT_WEIGHTS:
        for path in Path(folder).glob(pattern):
            if path.name not in but:
                shutil.copyfile(path, Path(target) / path.name)
