"""What would go to a hub, file by file, and what must never go.

Nothing is sent by looking: :func:`upload` lists and checks, and sends only when told to. A folder
is held back as a whole if any file of it is of a kind that a model's page has no use for (a pickle
runs code, an archive cannot be looked into), is hidden, a link or a pipe, or holds what
:mod:`helpers.release.leaks` finds: keys, passwords, and paths that tell who somebody is and where
their work lies. Patterns find the usual forms and not every one: read the list before you send it.
What a person has looked at and found harmless passes by its name.

A path of this machine is one into the home folder, the working directory, the uploaded folder, the
project, or a folder with the user's name. Tasks and answers may speak of any other path, such as
``/var/log/syslog``. A setting may not: what looks like somebody's folder there was left by a tool.
"""

import contextlib
import getpass
import hashlib
import json
import mmap
import os
import re
import stat
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from helpers.release.leaks import PROSE, ROWS, SETTINGS, Leak, leaks, unescaped

KINDS = {".safetensors", ".gguf", ".json", ".jsonl", ".md", ".txt", ".jinja", ".model", ".yaml"}
NAMES = {"LICENSE", "NOTICE", "Modelfile", ".gitattributes"}
SECRETS = re.compile(rb"(?i)(^|/)(credentials|kaggle|.*secret.*|id_\w+)\.\w+$")
# In weights, whose bytes are not text: only what is no accident there.
KEYS = re.compile(
    rb"\b(?:sk-[A-Za-z0-9_-]{20,}|hf_[A-Za-z0-9]{30,}|gh[pousr]_[A-Za-z0-9]{30,}|"
    rb"github_pat_\w{30,}|glpat-[\w-]{20,})|-----BEGIN [A-Z ]*PRIVATE KEY-----"
)
ALONE = r"(?:(?<![\w./-])|(?<=file://))"  # no part of an address or of another path
PART = r"[^\s\"'<>/\\,;:)]+"
SLASH = r"(?:\\*/|\\+)"
ROOTS = r"home|users|root|content|mnt|tmp|work(?:space)?|data|scratch|kaggle|volumes|media|var"
TEXT = {".json", ".jsonl", ".md", ".txt", ".jinja", ".yaml"}
VOCABULARIES = {"tokenizer.json", "vocab.json", "vocab.txt", "merges.txt"}
ACCOUNTS = {"root", "user", "admin", "administrator"}  # a name that nobody is known by
PIECE = 16_000_000  # characters of a text that are looked through at once


class UploadError(ValueError):
    """A folder that must not leave this machine as it is; the message names file and reason."""


def upload_plan(
    folder: str | Path, own_paths: Iterable[str | Path] = (), *, reviewed: Iterable[str] = ()
) -> list[dict]:
    """The files of a folder, as ``[{"path", "bytes"}]``, largest last; nothing is sent.

    ``own_paths`` are further folders that no file may name, such as the project's. ``reviewed`` are
    the names of finds that a person has looked at and lets pass, as the error gives them. Raises
    UploadError naming every file that must stay here and why, but never a key itself.
    """
    folder, passing = Path(folder), set(reviewed)
    files = sorted(path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    if not files:
        raise UploadError(f"{folder} holds no file, so there is nothing to upload.")
    own = _own([*_folders_of_this_machine(), folder, *own_paths])
    lines, names = [], Counter(map(_identity, files))
    for path in files:
        name = path.relative_to(folder).as_posix()
        why = _kind_fault(path, name, names[_identity(path)])
        lines += [f"  {_shown(name)}: {why}"] if why else []
        finds = [] if why else _finds(path, name, own)
        lines += [
            f"  {_shown(name)}: line {find.line} holds {find.what}; its name is {find.name!r}"
            for find in finds
            if find.name not in passing
        ]
    if lines:
        raise UploadError(
            f"{folder} must not be uploaded as it is:\n" + "\n".join(lines[:40]) + "\n"
            "Take these out of the folder and look again. What you have looked at and found "
            "harmless passes with reviewed=[its name]."
        )
    plan = [
        {"path": path.relative_to(folder).as_posix(), "bytes": path.stat().st_size}
        for path in files
    ]
    return sorted(plan, key=lambda file: file["bytes"])


def upload(folder, repository, *, really=False, own_paths=(), reviewed=()):
    """List what would go to ``repository`` (``owner/name``) of the hub; send it only if ``really``.

    Returns the plan of :func:`upload_plan`, which is made anew before anything is sent, and just
    its files are; ``own_paths`` and ``reviewed`` are the plan's. The repository is private until
    its owner opens it. Raises UploadError as the plan does, and where a repository of that name is
    open to the public already.
    """
    plan = upload_plan(folder, own_paths, reviewed=reviewed)
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
        rest = SLASH + r"(?:" + ROOTS + r")" + SLASH + _spellings(name)
        forms.add(r"(?:[a-z]:)?(?:" + SLASH + PART + r"){0,2}" + rest)
    either = "|".join(sorted(forms)) or r"(?!)"  # none fits
    return re.compile(ALONE + r"(?i:" + either + r")(?![\w-])")


def _pattern(drive, parts):
    slash = r"[\\/]+" if drive else r"\\*/"  # in JSON a slash may be escaped
    return re.escape(drive) + "".join(slash + _spellings(part) for part in parts)


def _spellings(part):
    """A pattern of one folder's name: as it is, as JSON escapes it, as an address does."""
    forms = dict.fromkeys((part, json.dumps(part)[1:-1], quote(part)))
    return r"(?:" + "|".join(re.escape(form) for form in forms) + r")"


def _shown(name):
    """A file's name for people: one that looks like a key is not shown."""
    return f"(a key){Path(name).suffix}" if _key_in_name(name) else name


def _key_in_name(name):
    return bool(leaks(Path(name).stem, name, ROWS))


def _identity(path):
    """What tells a file from every other, whatever its names."""
    found = path.lstat()
    return found.st_dev, found.st_ino


def _kind_fault(path, name, names):
    """Why a file of this name and kind must stay on this machine, or None.

    ``names`` is how many names the file has in the folder; one more is a name elsewhere.
    """
    if path.is_symlink():
        return "a link, which leads to a file elsewhere"
    if not stat.S_ISREG(path.stat().st_mode):
        return "a pipe or a device, and no file"
    if path.stat().st_nlink > names:
        return (
            "the same file as one elsewhere on this disk (a hard link), which may be private: put "
            "a copy in its place, made with cp"
        )
    if _key_in_name(name):
        return "holds what looks like a key in its name"
    if path.name in NAMES:
        return None
    if any(part.startswith(".") for part in name.split("/")):
        return "a hidden file"
    if path.suffix not in KINDS:
        return (
            f"of a kind that does not go: {' '.join(sorted(KINDS))} do (a pickle runs code when it "
            "is opened: save weights as safetensors)"
        )
    return "a file of secrets by its name" if SECRETS.search(name.encode()) else None


def _finds(path, name, own):
    """What :func:`helpers.release.leaks.leaks` finds in a file, piece by piece."""
    if path.stat().st_size == 0:
        return
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if path.suffix not in TEXT and path.name not in NAMES:
            yield from _finds_in_bytes(data, name, own)
            return
        kind, encoding, line = _kind(path, data), json.detect_encoding(data[:4]), 0
        for start in range(0, len(data), PIECE):
            # A key on the border is whole in one of two pieces that overlap.
            piece = data[start : start + PIECE + (4096 if start + PIECE < len(data) else 0)]
            text = piece.decode(encoding, errors="replace")
            for find in leaks(text, name, kind, own):
                yield Leak(find.what, find.line + line, find.name)
            line += data[start : start + PIECE].count(b"\n")


def _finds_in_bytes(data, name, own):
    for pattern, what in ((KEYS, "what looks like a key"), (own, "a path of this machine")):
        text = data if pattern is KEYS else data[:PIECE].decode("latin-1")
        for match in pattern.finditer(text):
            part = match[0] if isinstance(match[0], bytes) else match[0].encode()
            yield Leak(what, 1, f"{name}:{hashlib.sha256(part).hexdigest()[:8]}")
    head = _head(data).decode("latin-1")
    for meant in {head, unescaped(head)}:
        yield from (find for find in leaks(meant, name, ROWS) if "key" in find.what)


def _head(data):
    """What a file of safetensors says of itself in JSON, beside the names of its tensors."""
    head = data[8 : 8 + min(PIECE, int.from_bytes(data[:8], "little"))]
    said = re.search(rb'"__metadata__"\s*:\s*\{(?:[^"{}]|"(?:[^"\\]|\\.)*+")*+\}', head)
    return said[0] if said else b""


def _kind(path, data):
    """Whether a text is rows of tasks, prose, or settings."""
    if path.suffix == ".jsonl" or path.name in VOCABULARIES:
        return ROWS
    if path.suffix == ".json":
        return ROWS if data[:64].lstrip().startswith(b"[") else SETTINGS
    return PROSE if path.suffix in (".md", ".txt", "") and path.name != "Modelfile" else SETTINGS
