"""The tensors of a model folder, read one at a time, however large the model."""

from pathlib import Path


class Weights:
    """The safetensors of a folder: ``files`` maps each tensor to the file it is in.

    Raises ValueError for a folder without weights, for half a file of them, and for an adapter,
    which is no whole model.
    """

    def __init__(self, folder):
        from safetensors import SafetensorError, safe_open

        self.folder, self.files = Path(folder), {}
        paths = sorted(self.folder.glob("*.safetensors"))
        if not paths or (self.folder / "adapter_config.json").exists():
            found = "an adapter" if paths else "no *.safetensors"
            raise ValueError(
                f"{folder} holds {found}, and a whole model is needed: name a folder that "
                "save_pretrained wrote, and merge an adapter first."
            )
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

    def _open(self, name, read):
        from safetensors import safe_open

        with safe_open(self.folder / self.files[name], framework="pt") as file:
            return read(file)
