"""Find a model's folder: the embedded student, a folder on disk, or a model of the hub.

The embedded student is converted once and then kept in a cache. A model of the Hugging Face hub is
downloaded once, into the hub's own cache.
"""

from collections.abc import Sequence
from pathlib import Path

from helpers.files.received import ReceivedError, check_folder, read_json
from helpers.planning.transformers_messages import hide_messages
from helpers.teacher.embedded_model import convert_embedded

CACHE = Path(__file__).resolve().parents[2] / "runs" / "cache"  # for converted models
MAX_FILE_SIZE = (
    "5GB"  # largest file of weights that is written, so that one file at a time fits in memory
)
# The files of a model folder that hold no weights: configuration, tokenizer, chat template.
FILES_WITHOUT_WEIGHTS = ("*.json", "*.model", "*.jinja", "merges.txt", "vocab.txt")


def student_folder(name: str, cache: str | Path) -> str:
    """Return the folder of the profile's ``student``, ready for ``from_pretrained``.

    ``"embedded"`` is the model that is installed as a package. Its GGUF file is converted once and
    stored in ``cache`` (about 15 s and 0.5 GB). Any other ``name`` is a folder or a model of the
    hub, as for :func:`model_folder`.
    """
    if name != "embedded":
        return str(model_folder(name))
    folder = Path(cache) / "student"
    # The weights get their name last, so an unfinished conversion never looks like a finished one.
    if not (folder / "model.safetensors").is_file():
        hide_messages()
        convert_embedded(folder)
    return str(folder)


def model_folder(name: str | Path) -> Path:
    """Return the folder of a model: ``name`` itself if it is a folder, else a download of the hub.

    ``owner/model@revision`` asks for a revision. Only configuration, tokenizer and safetensors are
    downloaded. Raises FileNotFoundError that says what is missing and what to do, and ReceivedError
    for a folder with unsafe content.
    """
    if Path(name).is_dir():
        return _checked(Path(name), name)
    return _checked(download(str(name), ["*.safetensors", *FILES_WITHOUT_WEIGHTS]), name)


def download(name: str, patterns: Sequence[str]) -> Path:
    """Download the files of a hub model that match ``patterns``; returns their folder.

    Files that are already in the hub's cache are not downloaded again. Raises FileNotFoundError for
    a gated model, an unknown name, and a missing network connection.
    """
    from huggingface_hub import errors, snapshot_download

    hub_name, _, revision = name.partition("@")
    try:
        return Path(snapshot_download(hub_name, revision=revision or None, allow_patterns=patterns))
    except errors.GatedRepoError:
        raise FileNotFoundError(
            f"the model {name} is gated: accept its terms on its page of the hub and put your "
            "token into the environment variable HF_TOKEN, or choose an open model."
        ) from None
    except (errors.HFValidationError, errors.RepositoryNotFoundError):
        raise FileNotFoundError(
            f"no model {name!r}: there is no such folder, and the hub has no model of that name "
            "(or it is private, and HF_TOKEN is not set). Look for a typing mistake."
        ) from None
    except (errors.LocalEntryNotFoundError, errors.OfflineModeIsEnabled, OSError) as error:
        raise FileNotFoundError(
            f"the model {name} is not on this machine and could not be downloaded "
            f"({type(error).__name__}). Connect to the network once, or name a model folder."
        ) from None


def _checked(folder: Path, name: str | Path) -> Path:
    """Return the folder if it holds a configuration and safetensors, and nothing unsafe.

    Pickled weights are never read, because a pickle can run code. An adapter in the same folder is
    refused: transformers would load it without any check. ``received`` refuses links that lead out
    of the folder and JSON files that are nested too deeply.
    """
    check_folder(folder)
    for pattern in ("config.json", "*.safetensors"):
        if not any(folder.glob(pattern)):
            raise FileNotFoundError(
                f"the model {name} has no {pattern} in {folder}. Weights are read only from "
                "safetensors: look for a revision that has them (owner/model@revision), or save "
                "the model with save_pretrained."
            )
    if (folder / "adapter_config.json").exists():
        raise ReceivedError(
            f"{folder} holds a model and an adapter (adapter_config.json). Put the adapter into a "
            "folder of its own and name both folders."
        )
    for path in folder.glob("*.json"):
        read_json(path)
    return folder
