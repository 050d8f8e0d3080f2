"""Model folders: the embedded student's, converted once, or a model of the hub, fetched once."""

from pathlib import Path

from helpers.planning.quiet import quiet
from helpers.safe_io.received import ReceivedError, check_folder, read_json
from helpers.teacher.embedded_model import convert_embedded

CACHE = Path(__file__).resolve().parents[2] / "runs" / "cache"  # of converted models
SHARD = "5GB"  # of a file of weights that is written here, so that one at a time fits in memory
# What stands beside the weights in a model's folder: configuration, tokenizer, template.
BESIDE_WEIGHTS = ("*.json", "*.model", "*.jinja", "merges.txt", "vocab.txt")


def student_folder(name, cache):
    """The folder of the profile's ``student``, ready for ``from_pretrained``.

    For ``"embedded"`` the GGUF file is converted once into ``cache`` (about 15 s and 0.5 GB); any
    other name is a folder, or a model of the hub (see :func:`model_folder`).
    """
    if name != "embedded":
        return str(model_folder(name))
    folder = Path(cache) / "student"
    # The weights are written last, by renaming: half a conversion never looks like a whole one.
    if not (folder / "model.safetensors").is_file():
        quiet()
        convert_embedded(folder)
    return str(folder)


def model_folder(name):
    """Folder of the model ``name``: a folder as it is, or a hub name, fetched once.

    ``owner/model@revision`` asks for a revision. Only configuration, tokenizer and safetensors are
    fetched. Raises FileNotFoundError that says what is missing and the way out.
    """
    if Path(name).is_dir():
        return _checked(Path(name), name)
    return _checked(fetched(str(name), ["*.safetensors", *BESIDE_WEIGHTS]), name)


def fetched(name, wanted):
    """Folder of a hub name's files, of which only those that are ``wanted`` are fetched."""
    from huggingface_hub import errors, snapshot_download

    hub_name, _, revision = name.partition("@")
    try:
        return Path(snapshot_download(hub_name, revision=revision or None, allow_patterns=wanted))
    except errors.GatedRepoError:
        raise FileNotFoundError(
            f"the model {name} is gated: accept its terms on its page of the hub and put a token "
            "of yours into the environment variable HF_TOKEN, or choose an open model."
        ) from None
    except (errors.HFValidationError, errors.RepositoryNotFoundError):
        raise FileNotFoundError(
            f"no model {name!r}: neither a folder here nor a name the hub knows (or it is private, "
            "and HF_TOKEN is not set). Look for a typing mistake."
        ) from None
    except (errors.LocalEntryNotFoundError, errors.OfflineModeIsEnabled, OSError) as error:
        raise FileNotFoundError(
            f"the model {name} is not on this machine and could not be fetched "
            f"({type(error).__name__}). Connect to the network once, or name a model folder."
        ) from None


def _checked(folder, name):
    """The folder, if it holds a configuration and safetensors; a pickle of weights is not read.

    An adapter beside them would be added by transformers, unlooked at, and is refused. Nor is
    anything that lies elsewhere, or is nested beyond measure (:mod:`helpers.safe_io.received`).
    """
    check_folder(folder)
    for pattern in ("config.json", "*.safetensors"):
        if not any(folder.glob(pattern)):
            raise FileNotFoundError(
                f"the model {name} has no {pattern} in {folder}. Weights are read from safetensors "
                "alone: look for a revision that has them (owner/model@revision), or save the "
                "model with save_pretrained."
            )
    if (folder / "adapter_config.json").exists():
        raise ReceivedError(
            f"{folder} holds a model and an adapter (adapter_config.json). Put the adapter into a "
            "folder of its own and name both."
        )
    for path in folder.glob("*.json"):
        read_json(path)
    return folder
