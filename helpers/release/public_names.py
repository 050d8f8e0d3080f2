"""The name of a model in public: what others call a model that has a local name here."""

from pathlib import Path

PUBLIC = {"embedded": "HuggingFaceTB/SmolLM2-135M-Instruct"}  # local name: name on the hub
LOCAL = "a model that has no name on the hub"


def public_name(name: str) -> tuple[str, str | None]:
    """The public name of a model and its revision, or None if no revision is named.

    ``name`` is the name in a profile, which may end in ``@revision``. A folder of this machine has
    no public name; its name is :data:`LOCAL`.
    """
    name, _, revision = str(name).partition("@")
    if Path(name).is_absolute() or name.startswith((".", "~")) or Path(name).is_dir():
        return LOCAL, None
    return PUBLIC.get(name, name), revision or None


def without_owner(name: str) -> str:
    """A model's name without the owner's: ``model`` of ``owner/model``."""
    return name.rsplit("/", 1)[-1]
