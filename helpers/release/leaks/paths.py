"""Find paths in a text that show whose machine it comes from.

Paths into folders of this machine are found in every file. Of other machines, prose must not name a
person's home folder, and settings must not hold any path that a tool may have left, such as
``/content/…`` or ``s3://…``. Rows of tasks may name any path of another machine.
"""

import contextlib
import getpass
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

ROWS, PROSE, SETTINGS = "rows", "prose", "settings"  # kinds of text

_PART = r"[^\s\"'<>/\\,;:)(`]+"
_SLASH = r"(?:\\*/|\\+)"
_START = r"(?:(?<![\w./-])|(?<=file://))"  # not inside an address or another path
_HOME = re.compile(
    rf"{_START}(?:[a-z]:{_SLASH}|dbfs:/|{_SLASH}(?:[\w.-]+/){{0,2}})"
    rf"(?:home|users){_SLASH}({_PART})"
    rf"|{_START}/+root/{_PART}|{_START}/content/drive/MyDrive/{_PART}"
    rf"|\b(?:s3|gs|gcs|abfss?|wasbs?|hdfs|dbfs):/+(?:{_PART}/)*(?:users?|home)/{_PART}"
    rf"|{_START}/(?:scratch|lustre|gpfs|nfs)/{_PART}/{_PART}"
    rf"|{_START}/work/{_PART}/{_PART}"
    # \\server\share\folder
    rf"|(?<![\w\\])\\\\+(?:(?!u[0-9a-f]{{4}})[\w.-]{{2,}})\\+[\w$.-]{{2,}}\\+[\w$.-]+"
    rf"|(?<!\w)[\w.-]+@[\w-]+(?:\.[\w-]+)+:[/~]{_PART}"  # user@machine:/folder
    rf"|(?<![\w/.])~[a-z]\w+/{_PART}"
    rf"|{_START}/opt/(?:conda|miniconda3?|anaconda3?)/envs/{_PART}",
    re.I,
)
_LEFT_BY_TOOLS = re.compile(
    rf"{_START}\\*/(?:content|mnt|tmp|work(?:space)?|data|scratch|kaggle|volumes|media|var|root|opt)"
    rf"\\*/{_PART}|(?:s3|gs|gcs|abfss?|wasbs?|hdfs|dbfs):/+{_PART}"
    rf"|\\\\+[\w.-]{{2,}}\\+[\w$.-]{{2,}}",
    re.I,
)
# Names that manuals use, which identify nobody.
_EXAMPLE_NAME = re.compile(
    rf"(?:home|users){_SLASH}(?:user(?:name)?|you|yourname|your[-_]\w+|me|name|someone|somebody|jane|john"
    r"|jdoe|alice|bob|foo|ubuntu|admin|public|default|shared|\$\w+|%\w+%|\{\w+\}|\.\.\.|…)\b",
    re.I,
)
_PATTERNS = {PROSE: [_HOME], SETTINGS: [_HOME, _LEFT_BY_TOOLS]}


def find_paths(text: str, kind: str, own: re.Pattern[str] | None) -> Iterator[tuple[int, str]]:
    """Find paths that a text of this kind must not hold; yields their position and their text.

    ``own`` is the pattern of :func:`own_folders`, or None.
    """
    for match in own.finditer(text) if own else ():
        yield match.start(), match[0]
    for pattern in _PATTERNS.get(kind, []):
        for match in pattern.finditer(text):
            if not _EXAMPLE_NAME.search(match[0]):
                yield match.start(), match[0]


# --- folders of this machine ----------------------------------------------------------------------

_OWN_PART = r"[^\s\"'<>/\\,;:)]+"
_ROOTS = r"home|users|root|content|mnt|tmp|work(?:space)?|data|scratch|kaggle|volumes|media|var"
_SHARED_ACCOUNTS = {"root", "user", "admin", "administrator"}  # these identify nobody


def own_folders(folders: Iterable[str | Path]) -> re.Pattern[str]:
    """A pattern of paths into ``folders`` and other folders of this machine, however spelled.

    The others are the home folder, the working directory, the hub's cache, and folders that have
    the user's name.
    """
    forms = set()
    for path in map(Path, [*_folders_of_this_machine(), *folders]):
        for form in (path.absolute(), path.resolve()):
            if len(form.parts) > 1:  # the root of a disk is in every path
                forms.add(_path_pattern(form.drive, form.parts[1:]))
    for name in _user_names():
        rest = _SLASH + r"(?:" + _ROOTS + r")" + _SLASH + _spellings(name)
        forms.add(r"(?:[a-z]:)?(?:" + _SLASH + _OWN_PART + r"){0,2}" + rest)
    any_form = "|".join(sorted(forms)) or r"(?!)"  # the latter matches nothing
    return re.compile(_START + r"(?i:" + any_form + r")(?![\w-])")


def _folders_of_this_machine() -> list[Path]:
    """The hub's cache, the home folder and the working directory, if there are any."""
    found = [Path(os.environ[name]) for name in ("HF_HOME", "HF_HUB_CACHE") if os.environ.get(name)]
    with contextlib.suppress(RuntimeError):  # the user of a container may have no home folder
        found.append(Path.home())
    try:
        here = Path.cwd()
    except OSError:  # it was deleted
        return found
    # A folder such as /content or /workspace is on many machines and does not identify this one.
    return [*found, here] if len(here.parts) > 2 else found


def _user_names() -> set[str]:
    """The names of this machine's user, without names such as root."""
    names = set()
    find_name: Callable[[], str]
    for find_name in (getpass.getuser, lambda: Path.home().name):
        with contextlib.suppress(RuntimeError, OSError, KeyError, ImportError):  # no such user
            names.add(find_name())
    return {name for name in names if name and name.lower() not in _SHARED_ACCOUNTS}


def _path_pattern(drive: str, parts: Iterable[str]) -> str:
    slash = r"[\\/]+" if drive else r"\\*/"  # JSON may escape a slash
    return re.escape(drive) + "".join(slash + _spellings(part) for part in parts)


def _spellings(part: str) -> str:
    """A pattern of a folder's name: as it is, escaped as in JSON, and escaped as in an address."""
    forms = dict.fromkeys((part, json.dumps(part)[1:-1], quote(part)))
    return r"(?:" + "|".join(re.escape(form) for form in forms) + r")"
