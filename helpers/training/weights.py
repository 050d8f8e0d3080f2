"""Read the tensors of a model folder one at a time, so that the model need not fit in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.files.received import check_folder, read_json

if TYPE_CHECKING:
    import torch

INDEX = "model.safetensors.index.json"


class Weights:
    """The safetensors of a folder: ``files`` maps each tensor's name to the name of its file.

    ``bytes`` is the size of all files together. Raises ValueError for a folder without weights, for
    an adapter (which is not a whole model), for an incomplete file, for an index that names a
    missing file, and for a folder with pipes or with links that lead out of it.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = check_folder(folder)
        paths = sorted(self.folder.glob("*.safetensors"))
        if not paths or (self.folder / "adapter_config.json").exists():
            found = "an adapter" if paths else "no *.safetensors"
            raise ValueError(
                f"{folder} holds {found}, but a whole model is needed. Name a folder that "
                "save_pretrained wrote. If you have an adapter, merge it first."
            )
        self._check_index()
        self.bytes = sum(path.stat().st_size for path in paths)
        self.files = {name: path.name for path in paths for name in _tensor_names(path)}

    def _check_index(self) -> None:
        """Raise ValueError if the folder has an index that names a missing file."""
        index = self.folder / INDEX
        if not index.is_file():
            return
        content = read_json(index)
        listed = content.get("weight_map") if isinstance(content, dict) else None
        if not isinstance(listed, dict) or not all(isinstance(f, str) for f in listed.values()):
            raise ValueError(
                f"{index} is not a list of files: expected an object with a weight_map. Get the "
                "model again, or save it again."
            )
        missing = sorted(name for name in {*listed.values()} if not (self.folder / name).is_file())
        if missing:
            raise ValueError(
                f"{self.folder} lacks {', '.join(missing)}, which its {INDEX} names, so the model "
                "is incomplete. Get it again, or save the model again."
            )

    def by_file(self) -> Iterator[tuple[str, list[str]]]:
        """Yield each file's name with the names of its tensors."""
        for file in sorted(set(self.files.values())):
            yield file, [name for name, tensor_file in self.files.items() if tensor_file == file]

    def tensor(self, name: str) -> torch.Tensor | None:
        """Read a tensor; None if no file has a tensor of that name."""
        return self._read(name, lambda file: file.get_tensor(name)) if name in self.files else None

    def shape(self, name: str) -> list[int]:
        """Read a tensor's shape from the header of its file."""
        return self._read(name, lambda file: list(file.get_slice(name).get_shape()))

    def dtype(self, name: str) -> str:
        """Read a tensor's dtype as safetensors spells it, such as ``I32``."""
        return self._read(name, lambda file: file.get_slice(name).get_dtype())

    def _read(self, name: str, read: Callable[[Any], Any]) -> Any:
        from safetensors import safe_open

        with safe_open(self.folder / self.files[name], framework="pt") as file:
            return read(file)


def _tensor_names(path: Path) -> list[str]:
    """List the tensors of a safetensors file; ValueError if the file is incomplete."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            return list(file.keys())
    except SafetensorError as error:
        raise ValueError(
            f"{path} is not a complete file of weights ({error}). Get it again, or save the model "
            "again."
        ) from None


def bits_of(tensor: torch.Tensor) -> torch.Tensor:
    """View a tensor's bits as integers of the same width."""
    import torch

    widths = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
    return tensor.contiguous().view(widths[tensor.dtype.itemsize])
