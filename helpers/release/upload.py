"""What would go to a hub, file by file, and what must never go.

Nothing is sent by looking: :func:`upload` lists and checks, and sends only when told to. A folder
is held back as a whole if any file of it has the form of a key, is an environment file, or names a
folder of this machine: a path tells who somebody is and where their work lies.
"""

import mmap
import re
from pathlib import Path

# What the keys of the usual providers look like, and a named one with a value of any form.
KEYS = re.compile(
    rb"\b(sk-[A-Za-z0-9_-]{16,}|hf_[A-Za-z0-9]{20,}|gh[pousr]_[A-Za-z0-9]{20,}|AKIA[0-9A-Z]{16}|"
    rb"AIza[0-9A-Za-z_-]{30,})|"
    rb"\b(?i:(OPENAI_API_KEY|HF_TOKEN|AWS_SECRET_ACCESS_KEY))[\"' ]*[=:][\"' ]*[^\s\"',;]{8,}"
)
PATHS = re.compile(
    rb"(?<![\w./-])(/(home|Users|root|content|mnt|tmp)/[\w.-]+|(?i:[a-z]:\\{1,2}users\\{1,2}[\w.-]+))"
)
SECRETS = re.compile(r"(^|/)(\.env(\..*)?|\.netrc|id_(rsa|ed25519)|credentials|.*\.(pem|key|p12))$")
HIDDEN = re.compile(r"(^|/)\.(?!gitattributes$)")  # leftovers of tools, old versions of notebooks
PICKLES = re.compile(r"\.(bin|pt|pth|pkl|pickle|ckpt|joblib)$")


class UploadError(ValueError):
    """A folder that must not leave this machine as it is; the message names file and reason."""


def upload_plan(folder, own_paths=()):
    """The files of a folder, as ``[{"path", "bytes"}]``, largest last; nothing is sent.

    ``own_paths`` are further texts that no file may hold, such as the project's folder. Raises
    UploadError naming every file that must stay here and why, but never the key itself.
    """
    folder = Path(folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if not files:
        raise UploadError(f"{folder} holds no file, so there is nothing to upload.")
    own = [str(path).encode() for path in (Path.home(), *own_paths) if len(str(path)) > 1]
    faults = {path: _fault(path, path.relative_to(folder).as_posix(), own) for path in files}
    if any(faults.values()):
        lines = [f"  {path.relative_to(folder)}: {why}" for path, why in faults.items() if why]
        raise UploadError(
            f"{folder} must not be uploaded as it is:\n" + "\n".join(lines) + "\n"
            "Take these out of the folder and look again."
        )
    plan = [
        {"path": path.relative_to(folder).as_posix(), "bytes": path.stat().st_size}
        for path in files
    ]
    return sorted(plan, key=lambda file: file["bytes"])


def upload(folder, repository, *, really=False, own_paths=()):
    """List what would go to ``repository`` (``owner/name``) of the hub; send it only if ``really``.

    Returns the plan of :func:`upload_plan`, which is made anew before anything is sent, so that
    what goes is what was listed. The repository is private until its owner opens it. Raises
    UploadError as the plan does.
    """
    plan = upload_plan(folder, own_paths)
    if really:
        from huggingface_hub import HfApi

        hub = HfApi()
        hub.create_repo(repository, private=True, exist_ok=True)
        listed = [file["path"] for file in plan]
        hub.upload_folder(repo_id=repository, folder_path=folder, allow_patterns=listed)
    return plan


def _fault(path, name, own):
    """Why a file must stay on this machine, or None."""
    if path.is_symlink():
        return "a link, which leads to a file elsewhere"
    if SECRETS.search(name):
        return "a file of secrets by its name"
    if HIDDEN.search(name):
        return "a hidden file"
    if PICKLES.search(name):
        return "a pickle, which runs code when it is opened; save weights as safetensors"
    if path.stat().st_size == 0:
        return None
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if KEYS.search(data):
            return "holds what looks like a key"
        found = PATHS.search(data)
        if found or any(data.find(text) >= 0 for text in own):
            where = found[1].decode(errors="replace") if found else "the name of a folder"
            return f"names a path of this machine ({where})"
    return None
