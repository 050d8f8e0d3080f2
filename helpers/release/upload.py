"""What would go to a hub, file by file, and what must never go.

Nothing is sent by looking: :func:`upload` lists and checks, and sends only when told to. A folder
is held back as a whole if any file of it is of a kind that a model's page has no use for (a pickle
runs code, an archive cannot be looked into), is hidden or a link, has the form of a key in it, or
names a folder of this machine: a path tells who somebody is and where their work lies. Patterns
find the usual forms and not every one: read the list before you send it.

A path of this machine is one into the home folder, the working directory, the uploaded folder, the
project, or a folder with the user's name. Tasks and answers may speak of any other path, such as
``/var/log/syslog``. A setting may not: what looks like somebody's folder there was left by a tool.
"""

import contextlib
import getpass
import json
import mmap
import os
import re
from pathlib import Path
from urllib.parse import quote

KINDS = {".safetensors", ".gguf", ".json", ".jsonl", ".md", ".txt", ".jinja", ".model", ".yaml"}
NAMES = {"LICENSE", "NOTICE", "Modelfile", ".gitattributes"}
SECRETS = re.compile(rb"(?i)(^|/)(credentials|kaggle|.*secret.*|id_\w+)\.\w+$")
# The keys of the usual providers; a named one with a value of any form; any name of a key with a
# value that looks drawn; private keys.
KEYS = re.compile(
    rb"\b(sk-[A-Za-z0-9_-]{16,}|hf_[A-Za-z0-9]{20,}|gh[pousr]_[A-Za-z0-9]{20,}|gsk_[A-Za-z0-9]{20,}|"
    rb"github_pat_\w{20,}|A[KS]IA[0-9A-Z]{16}|AIza[0-9A-Za-z_-]{30,}|xox[abprs]-[\w-]{10,})|"
    rb"(?i:(OPENAI_API_KEY|HF_TOKEN|AWS_SECRET_ACCESS_KEY)[\s\"'\\\]]*[=:][\s\"'\\]*[^\s\"',;\\]{8,})|"
    rb"(?i:(api_?key|token|secret|password)[\s\"'\\\]]*[=:][\s\"'\\]*"
    rb"(?=[A-Z_.+/=-]*[0-9])[A-Z0-9_.+/=-]{16,})|"
    rb"(?i:bearer\s+)[A-Za-z0-9._-]{20,}|-----BEGIN [A-Z ]*PRIVATE KEY-----"
)
ALONE = rb"(?:(?<![\w./-])|(?<=file://))"  # no part of an address or of another path
PART = rb"[^\s\"'<>/\\,;:)]+"
SLASH = rb"(?:\\*/|\\+)"
ROOTS = rb"home|users|root|content|mnt|tmp|work(?:space)?|data|scratch|kaggle|volumes|media|var"
PATHS = re.compile(
    ALONE + rb"\\*/(?i:" + ROOTS + rb")\\*/" + PART + rb"|(?i:[a-z]:[\\/]+users[\\/]+)" + PART
)
TEXTS = {".jsonl", ".md", ".txt"}  # written to be read; a JSON list is data as well
ACCOUNTS = {"root", "user", "admin", "administrator"}  # a name that nobody is known by
SMALL = 64_000_000  # bytes; below, a text in two-byte characters is read as well


class UploadError(ValueError):
    """A folder that must not leave this machine as it is; the message names file and reason."""


def upload_plan(folder, own_paths=()):
    """The files of a folder, as ``[{"path", "bytes"}]``, largest last; nothing is sent.

    ``own_paths`` are further folders that no file may name, such as the project's. Raises
    UploadError naming every file that must stay here and why, but never the key itself.
    """
    folder = Path(folder)
    files = sorted(path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    if not files:
        raise UploadError(f"{folder} holds no file, so there is nothing to upload.")
    own = _own([*_folders_of_this_machine(), folder, *own_paths])
    faults = {path: _fault(path, path.relative_to(folder).as_posix(), own) for path in files}
    if any(faults.values()):
        names = (path.relative_to(folder).as_posix() for path, why in faults.items() if why)
        shown = (KEYS.sub(b"(a key)", name.encode()).decode() for name in names)
        lines = [
            f"  {name}: {why}"
            for name, why in zip(shown, filter(None, faults.values()), strict=True)
        ]
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

    Returns the plan of :func:`upload_plan`, which is made anew before anything is sent, and just
    its files are. The repository is private until its owner opens it. Raises UploadError as the
    plan does, and where a repository of that name is open to the public already.
    """
    plan = upload_plan(folder, own_paths)
    if really:
        from huggingface_hub import CommitOperationAdd, HfApi

        hub = HfApi()
        hub.create_repo(repository, private=True, exist_ok=True)
        if not hub.repo_info(repository).private:
            raise UploadError(
                f"{repository} is open to the public already, so nothing was sent: name a new "
                "repository, or make that one private on its page first."
            )
        listed = [
            CommitOperationAdd(file["path"], str(Path(folder) / file["path"])) for file in plan
        ]
        hub.create_commit(repository, listed, commit_message="Upload")
    return plan


def _folders_of_this_machine():
    """The home folder, the working directory and the hub's cache, as far as there are any."""
    found = [Path(os.environ[name]) for name in ("HF_HOME", "HF_HUB_CACHE") if os.environ.get(name)]
    with contextlib.suppress(RuntimeError):  # a container's user may have none
        found.append(Path.home())
    try:
        here = Path.cwd()
    except OSError:  # it was deleted
        return found
    # A folder such as /content or /workspace is on many machines and says nothing of this one.
    return [*found, here] if len(here.parts) > 2 else found


def _user_names():
    """How the user of this machine is called, but for names such as root."""
    names = set()
    for find in (getpass.getuser, lambda: Path.home().name):
        try:
            names.add(find())
        except (RuntimeError, OSError, KeyError, ImportError):  # no entry for this user
            continue
    return {name for name in names if name and name.lower() not in ACCOUNTS}


def _own(paths):
    """A pattern of folders of this machine, in the ways in which a file may name them."""
    forms = set()
    for path in map(Path, paths):
        for form in (path.absolute(), path.resolve()):
            if len(form.parts) > 1:  # the root of a disk is in every path
                forms.add(_pattern(form.drive, form.parts[1:]))
    for name in _user_names():
        rest = SLASH + rb"(?:" + ROOTS + rb")" + SLASH + _spellings(name)
        forms.add(rb"(?:[a-z]:)?(?:" + SLASH + PART + rb"){0,2}" + rest)
    either = b"|".join(sorted(forms)) or rb"(?!)"  # none fits
    return re.compile(ALONE + rb"(?i:" + either + rb")(?![\w-])")


def _pattern(drive, parts):
    slash = rb"[\\/]+" if drive else rb"\\*/"  # in JSON a slash may be escaped
    return re.escape(drive.encode()) + b"".join(slash + _spellings(part) for part in parts)


def _spellings(part):
    """A pattern of one folder's name: as it is, as JSON escapes it, as an address does."""
    forms = dict.fromkeys((part, json.dumps(part)[1:-1], quote(part)))
    return rb"(?:" + b"|".join(re.escape(form.encode()) for form in forms) + rb")"


def _fault(path, name, own):
    """Why a file must stay on this machine, or None."""
    if path.is_symlink():
        return "a link, which leads to a file elsewhere"
    if path.name in NAMES:
        pass
    elif any(part.startswith(".") for part in name.split("/")):
        return "a hidden file"
    elif path.suffix not in KINDS:
        return (
            f"of a kind that does not go: {' '.join(sorted(KINDS))} do (a pickle runs code when it "
            "is opened: save weights as safetensors)"
        )
    elif SECRETS.search(name.encode()):
        return "a file of secrets by its name"
    if KEYS.search(name.encode()):
        return "holds what looks like a key in its name"
    if path.stat().st_size == 0:
        return None
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if path.suffix in TEXTS or (path.suffix == ".json" and data[:64].lstrip().startswith(b"[")):
            patterns = [own]
        else:
            patterns = [own, PATHS]
        return _told(data, patterns) or (
            _told(data[:].replace(b"\0", b""), patterns) if len(data) < SMALL else None
        )


def _told(data, patterns):
    """What bytes tell that nobody else should know, or None; ``patterns`` are those of paths."""
    if KEYS.search(data):
        return "holds what looks like a key"
    found = next((match for one in patterns if (match := one.search(data))), None)
    if found:
        return f"names a path of this machine ({found[0].decode(errors='replace')})"
    return None
