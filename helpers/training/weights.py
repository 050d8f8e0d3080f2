"""The tensors of a model folder, read one at a time, however large the model.

The modules beside it build on this one. :class:`Weights` reads, :func:`checksum` and
:func:`first_difference` say whether a model is the one that is meant, and :func:`new_folder` makes
a folder that is there in whole or not at all.
"""

import contextlib
import hashlib
import math
import shutil
from pathlib import Path

from helpers.safe_io.received import check_folder, read_json
from helpers.safe_io.writing import move_into_place, scratch_folder
from helpers.training.model_folders import BESIDE_WEIGHTS

INDEX = "model.safetensors.index.json"


class Weights:
    """The safetensors of a folder: ``files`` maps each tensor to the file it is in.

    Raises ValueError for a folder without weights, for one with links that lead out of it or with
    pipes, for half a file of them, for one whose list
    names a file that is missing, and for an adapter, which is no whole model.
    """

    def __init__(self, folder):
        from safetensors import SafetensorError, safe_open

        self.folder, self.files = check_folder(folder), {}
        paths = sorted(self.folder.glob("*.safetensors"))
        if not paths or (self.folder / "adapter_config.json").exists():
            found = "an adapter" if paths else "no *.safetensors"
            raise ValueError(
                f"{folder} holds {found}, and a whole model is needed: name a folder that "
                "save_pretrained wrote, and merge an adapter first."
            )
        self._check_index()
        self.bytes = sum(path.stat().st_size for path in paths)
        for path in paths:
            try:
                with safe_open(path, framework="pt") as file:
                    self.files |= dict.fromkeys(file.keys(), path.name)
            except SafetensorError as error:
                raise ValueError(
                    f"{path} is no whole file of weights ({error}). Get it again, or save the "
                    "model again."
                ) from None

    def _check_index(self):
        """Where the folder has a list of its files, all of them have to be there."""
        index = self.folder / INDEX
        if index.is_file():
            try:
                listed = set(read_json(index)["weight_map"].values())
            except (KeyError, TypeError, AttributeError):
                raise ValueError(
                    f"{index} is no list of files. Get the model again, or save it again."
                ) from None
            gone = sorted(name for name in listed if not (self.folder / name).is_file())
            if gone:
                raise ValueError(
                    f"{self.folder} lacks {', '.join(gone)}, which its {INDEX} names: the model "
                    "is not whole. Get it again, or save the model again."
                )

    def by_file(self):
        """``(file, names of its tensors)``, one after another."""
        for file in sorted(set(self.files.values())):
            yield file, [name for name, where in self.files.items() if where == file]

    def tensor(self, name):
        """A tensor by its name, or None."""
        return self._open(name, lambda file: file.get_tensor(name)) if name in self.files else None

    def shape(self, name):
        """A tensor's shape as a list, from the head of its file."""
        return self._open(name, lambda file: list(file.get_slice(name).get_shape()))

    def dtype(self, name):
        """A tensor's dtype in the words of safetensors, such as ``I32``."""
        return self._open(name, lambda file: file.get_slice(name).get_dtype())

    def _open(self, name, read):
        from safetensors import safe_open

        with safe_open(self.folder / self.files[name], framework="pt") as file:
            return read(file)


def bits_of(tensor):
    """A tensor's bits as whole numbers of the same width."""
    import torch

    widths = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
    return tensor.contiguous().view(widths[tensor.dtype.itemsize])


def checksum(tensor):
    """dtype, shape and SHA-256 of a tensor's bytes; None for none."""
    import torch

    if tensor is None:
        return None
    raw = tensor.contiguous().flatten().view(torch.uint8).numpy()
    return {
        "dtype": str(tensor.dtype).removeprefix("torch."),
        "shape": list(tensor.shape),
        "sha256": hashlib.sha256(raw).hexdigest(),
    }


# What safetensors knows, in torch's words.
DTYPES = (
    "float64", "float32", "float16", "bfloat16", "float8_e4m3fn", "float8_e5m2",
    "int64", "int32", "int16", "int8", "uint8", "bool",
)  # fmt: skip
MOST = 1 << 40  # numbers of one tensor; the largest there are have a thousandth of that


def is_checksum(note):
    """Whether a note, which may be anybody's, has the form that :func:`checksum` gives."""
    if not isinstance(note, dict) or note.get("dtype") not in DTYPES:
        return False
    shape = note.get("shape")
    if not isinstance(shape, list) or len(shape) > 8 or not isinstance(note.get("sha256"), str):
        return False
    return all(type(n) is int and n >= 0 for n in shape) and math.prod(shape) <= MOST


def first_difference(weights, sums, few=8):
    """The first tensor of ``weights`` that is not the one in ``sums``, or None: soon known.

    ``sums`` maps names to what :func:`checksum` said. All shapes are compared, which takes the
    heads of the files alone, then the bits of the ``few`` smallest tensors and the ``few`` smallest
    matrices: a training moves nearly every matrix, and may leave all else alone. With None for
    ``few``, the bits of all.
    """
    for name in sums:
        if name not in weights.files or weights.shape(name) != sums[name]["shape"]:
            return name
    by_size = sorted(sums, key=lambda name: math.prod(sums[name]["shape"]))
    matrices = [name for name in by_size if len(sums[name]["shape"]) > 1]
    for name in dict.fromkeys([*by_size[:few], *matrices[:few]]):
        if checksum(weights.tensor(name)) != sums[name]:
            return name
    return None


def copy_beside(folder, target, *, but=()):
    """Configuration, tokenizer and the list of files, as they stand beside the weights."""
    check_folder(folder)
    for pattern in BESIDE_WEIGHTS:
        for path in Path(folder).glob(pattern):
            if path.name not in but:
                shutil.copyfile(path, Path(target) / path.name)


def check_room(folder, room):
    """Raise OSError where the disk of a folder, there or not yet, has not ``room`` bytes left."""
    there = next(path for path in (Path(folder).absolute(), *Path(folder).absolute().parents)
                 if path.exists())  # fmt: skip
    free = shutil.disk_usage(there).free
    if free < room:
        raise OSError(
            f"{room / 1e9:.1f} GB are needed in {folder} and {free / 1e9:.1f} GB are free. "
            "Make room, or name a folder on another disk."
        )


@contextlib.contextmanager
def new_folder(out, room=0):
    """A folder to write into that gets the name ``out`` when all is there, or goes again.

    Raises FileExistsError for a name that is taken, and OSError where the disk has not ``room``
    bytes left.
    """
    out = Path(out)
    if out.exists():
        raise FileExistsError(f"{out} is there already; choose another name or delete it first.")
    check_room(out.parent, room)
    with scratch_folder(out) as scratch:
        yield scratch
        move_into_place(scratch, out)
