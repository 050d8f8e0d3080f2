"""Hash files and folders, without the files that systems and editors leave in a folder."""

import hashlib
import re
from pathlib import Path

# Files of file managers, editors, network drives, notebooks and killed writers. Hidden files are
# among them, because no lesson writes one.
_SYSTEM_FILE = re.compile(
    r"\..*|__pycache__|__MACOSX|Thumbs\.db|desktop\.ini|Icon\r|.*~|.*\.(?:swp|tmp)"
)


def hash_path(path: str | Path) -> str | None:
    """SHA-256 of a file, or of a folder's files and their names; None if there is neither.

    Files for which :func:`is_system_file` holds do not count.
    """
    path = Path(path)
    if path.is_file():
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    if not path.is_dir():
        return None
    digest = hashlib.sha256()
    for file_path in sorted(path.rglob("*")):
        name = file_path.relative_to(path)
        if file_path.is_file() and not any(map(is_system_file, name.parts)):
            digest.update(f"{name.as_posix()} {hash_path(file_path)}\n".encode())
    return digest.hexdigest()


def is_system_file(name: str) -> bool:
    """Whether a file or folder of this name was left by a system or an editor, not by a lesson."""
    return bool(_SYSTEM_FILE.fullmatch(name))
