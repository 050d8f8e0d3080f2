"""Keys, passwords and folders of somebody's machine in a text that is about to leave.

Beside :mod:`helpers.release.upload`, which walks through a folder. A text is looked through
as it stands and with its escapes resolved (in an address, ``%68`` is an h), and base64 is decoded.
Three ways of looking:

- *keys*: the package detect-secrets (Yelp), which knows the tokens of two dozen providers, and four
  rules of ours: providers that it does not know, a password in an address, a name such as
  ``api_key`` with a value that looks drawn by lot, and private keys;
- *own paths*: into folders of this machine, in every file;
- *others' paths*: a home folder with somebody's name in prose; in settings everything that a tool
  leaves, such as ``/content/…`` or ``s3://…``. Rows of tasks may speak of any of these.

None of them is complete, and none is always right (``benchmarks/leaks.py`` measures both). A find
therefore has a name, by which a person who has looked may let it pass.
"""

import base64
import contextlib
import functools
import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

ROWS, PROSE, SETTINGS = "rows", "prose", "settings"
WINDOW, OVERLAP = 4000, 1000  # characters; no pattern is run over more, so none takes for ever


@dataclass(frozen=True)
class Leak:
    """What was found in a file: ``what`` it looks like, in which ``line``, and ``name``, its own.

    The name is made of the file's and of a hash of the text that was found, so that what was
    reviewed passes and another text in its place does not.
    """

    what: str
    line: int
    name: str


def leaks(text: str, file: str, kind: str, own: re.Pattern | None = None) -> list[Leak]:
    """Everything in a text that nobody else should know, in the order of its lines.

    ``file`` is its name; ``kind`` is ``"rows"`` (tasks), ``"prose"`` or ``"settings"``; ``own``
    finds the folders of this machine.
    """
    found = _leaks(text, file, kind, own)
    for _ in range(3):  # an escape may be escaped again
        meant = unescaped(text)
        if meant == text:
            break
        text = meant
        found = {**_leaks(text, file, ROWS, own), **found}
    return sorted(found.values(), key=lambda leak: leak.line)


def _leaks(text, file, kind, own):
    found, line, counted = {}, 1, 0
    for begin in range(0, max(1, len(text)), WINDOW):
        # What stands on a border is whole in one of two windows, which overlap.
        piece = text[begin : begin + WINDOW + OVERLAP]
        for what, at, secret in sorted(_finds(piece, kind, own), key=lambda find: find[1]):
            at += begin
            line += text.count("\n", counted, at) if at > counted else 0
            counted = max(counted, at)
            mark = hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()[:8]
            # Several rules find one key: the first of a line stands for it.
            found.setdefault((line, what.partition(" (")[0]), Leak(what, line, f"{file}:{mark}"))
    return found


# Ways of writing a letter, a figure or a sign of ASCII: \u0068 (JSON), \U00000068 and \x68 (YAML),
# &#104; and &#x68; (HTML), %68 (addresses).
_ESCAPES = re.compile(
    r"(?<!\\)\\++(?:u00|U000000|x)([2-7][0-9a-f])|%([2-7][0-9a-f])|&#x0{0,4}([2-7][0-9a-f]);"
    r"|&#0{0,4}([3-9][0-9]|1[01][0-9]|12[0-6]);",
    re.I,
)


def unescaped(text: str) -> str:
    """A text with the escapes of ASCII's letters, figures and signs replaced by what they mean."""
    return _ESCAPES.sub(
        lambda found: chr(int(found[4]) if found[4] else int(found[found.lastindex], 16)), text
    )


def _finds(text, kind, own) -> Iterator[tuple[str, int, str]]:
    for at, secret in _keys(text):
        yield "what looks like a key", at, secret
    paths = [own] if own else []
    paths += {PROSE: [_HOME], SETTINGS: [_HOME, _LEFT_BY_TOOLS]}.get(kind, [])
    for pattern in paths:
        for match in pattern.finditer(text):
            if pattern is own or not _STANDS_FOR_ANY.search(match[0]):
                path = f"a path of this machine or of another ({match[0][:60]})"
                yield path, match.start(), match[0]


# --- keys -----------------------------------------------------------------------------------------

# What keys of providers begin with, beyond those that detect-secrets knows or in newer forms.
_BEGINNINGS = (
    r"sk-", r"sk_live_", r"rk_live_", r"whsec_", r"hf_", r"gh[pousr]_", r"github_pat_", r"gsk_",
    r"glpat-", r"npm_", r"pypi-", r"xox[abeoprs]-", r"xapp-", r"r8_", r"dop_v1_", r"dapi",
    r"shp\w{2}_", r"GOCSPX-", r"AIza", r"A[KS]IA", r"sq0\w{3}-", r"AKC", r"pplx-", r"nvapi-",
    r"lsv2_pt_", r"key-", r"SG\.", r"EAAA", r"django-insecure-",
)  # fmt: skip
_PROVIDERS = re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(_BEGINNINGS)})[\w.=+/$!#&*@^()%-]{{16,}}")
_TOKENS = re.compile(
    r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{16,}"  # JSON Web Token
    r"|hooks\.slack\.com/services/[\w/]{20,}|discord(?:app)?\.com/api/webhooks/\d+/[\w-]{40,}"
    r"|\b\d{8,10}:AA[\w-]{30,}"  # Telegram
    r"|\b[MN][\w-]{22,27}\.[\w-]{6}\.[\w-]{27,}"  # Discord
    r"|(?i:authorization:\s*basic|\bbearer)\s+[\w+/.-]{20,}=*"
)
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----(?!\W{0,4}(?:\.\.\.|…))|PuTTY-User-Key-File-\d:"
)
_ADDRESS = re.compile(
    r"\b[a-z][a-z0-9+.-]{1,20}://[^\s:/@\"'<>]{0,60}:([^\s/@\"'<>]{6,100})@([\w.-]+)", re.I
)
_NAMED = re.compile(
    r"(?:api[-_]?key"
    r"|(?:access|account|private|secret|role|master|server|client)[-_ ]?key(?:[-_]data)?"
    r"|token|secret|auth|\bsig|credential|session(?:[-_]?id)?|cookie|\bsid|login)s?"
    r"[\s\"'\\\])]{0,6}(?:[=:]|\s(?=[0-9a-f]{32,}\b))[\s\"'\\]{0,6}"
    r"([^\s\"'\\,;<>{}&]{10,400})",
    re.I,
)
_PASSWORD = re.compile(
    r"(?:(?<![A-Za-z])pass(?:word|wd|phrase|wort)?|kennwort|kata sandi|sandi(?:nya)?"
    r"|비밀번호|암호|비번)s?"
    r"[\s\"'\\\]`*)]{0,6}(?:[=:]|is\b|lautet|ist\b|adalah|yaitu|는|은|\s)[\s\"'\\`*]{0,6}"
    r"([^\s\"'\\,;<>{}&`]{8,100})"
    r"|(?:\s-p ?|--password[= ]|\s-u ?[\w.@-]+:)['\"]?([^\s'\"]{8,100})",
    re.I,
)
# The variable of a provider, with a value of any form: OPENAI_API_KEY=…
_VARIABLE = re.compile(
    r"\b[A-Z][A-Z0-9]*_(?:API_KEY|TOKEN|SECRET_ACCESS_KEY|SECRET)[\s\"'\\\])]{0,6}[=:][\s\"'\\]{0,6}"
    r"([^\s\"'\\,;<>{}&]{8,400})"
)
_PLACEHOLDER = re.compile(
    r"your|example|change|placeholder|secret|passw|token|dummy|fake|sample|redacted|not[-_]needed|xxx|\.\.\.|…"
    r"|\*\*\*|\$|<|\(|\[|^env|environ|getenv|^none$|^null$",
    re.I,
)


def _keys(text: str) -> Iterator[tuple[int, str]]:
    """``(place, text)`` of what looks like a key."""
    yield from _keys_of_providers(text)
    yield from _keys_in_base64(text)
    for match in _PRIVATE_KEY.finditer(text):
        yield match.start(), text[match.start() : match.start() + 200]
    for match in _ADDRESS.finditer(text):
        if not _PLACEHOLDER.search(match[1]) and match[2] not in ("localhost", "127.0.0.1", "host"):
            yield match.start(1), match[1]
    for match in _VARIABLE.finditer(text):
        if not _PLACEHOLDER.search(match[1]):
            yield match.start(1), match[1]
    for match in _NAMED.finditer(text):
        if not _PLACEHOLDER.search(match[1]) and _is_drawn(match[1]):
            yield match.start(1), match[1]
    for match in _PASSWORD.finditer(text):
        said = match[1] or match[2]
        if not _PLACEHOLDER.search(said) and re.search(r"\d.*[A-Za-z]|[A-Za-z].*\d", said):
            yield match.start(), said
    yield from _by_detector(text)


def _keys_of_providers(text: str) -> Iterator[tuple[int, str]]:
    for pattern in (_PROVIDERS, _TOKENS):
        for match in pattern.finditer(text):
            if not _PLACEHOLDER.search(match[0][8:]) and _is_mixed(match[0][4:]):
                yield match.start(), match[0]


_BASE64 = re.compile(r"(?<![\w+/-])[\w+/-]{24,}", re.A)


def _keys_in_base64(text: str) -> Iterator[tuple[int, str]]:
    """Keys in what base64 stands for, where that is a text; of pictures and hashes it is none."""
    for match in _BASE64.finditer(text):
        whole = match[0].replace("-", "+").replace("_", "/")
        whole = whole[: len(whole) - (len(whole) % 4 == 1)]
        meant = base64.b64decode(whole + "=" * (-len(whole) % 4))
        if not meant.isascii():
            continue
        meant = meant.decode("ascii")
        if any(_keys_of_providers(meant)) or _PRIVATE_KEY.search(meant):
            yield match.start(), match[0]


def _is_mixed(value: str) -> bool:
    return len(set(value)) >= 8 and bool(re.search(r"\d", value))


def _is_drawn(value: str) -> bool:
    """Whether a value looks like one that a machine has drawn: letters and figures, all mixed."""
    letters, figures = re.findall(r"[A-Za-z]", value), re.findall(r"\d", value)
    return _is_mixed(value) and len(letters) >= 3 and len(figures) >= 2


@functools.cache
def _detector():
    """The plugins of detect-secrets that know a provider's form; not those that guess."""
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
    from detect_secrets.plugins.base import RegexBasedDetector

    kinds = get_mapping_from_secret_type_to_class().values()
    guess = ("KeywordDetector", "IPPublicDetector", "BasicAuthDetector")
    known = [one for one in kinds if issubclass(one, RegexBasedDetector)]
    return [one for one in known if one.__name__ not in guess]


def _by_detector(text: str) -> Iterator[tuple[int, str]]:
    from detect_secrets.core.scan import scan_line
    from detect_secrets.settings import transient_settings

    # Its patterns are run over the whole window, its own filters over the lines they find.
    places = {
        match.start()
        for plugin in _detector()
        for pattern in plugin.denylist
        for match in pattern.finditer(text)
    }
    settings = {"plugins_used": [{"name": plugin.__name__} for plugin in _detector()]}
    with transient_settings(settings) if places else contextlib.nullcontext():
        for begin in {text.rfind("\n", 0, at) + 1: at for at in sorted(places)}:
            for secret in scan_line(text[begin:].partition("\n")[0]):
                if not _PLACEHOLDER.search(secret.secret_value or ""):
                    yield begin, secret.secret_value or text[begin : begin + OVERLAP]


# --- paths ----------------------------------------------------------------------------------------

_PART = r"[^\s\"'<>/\\,;:)(`]+"
_SLASH = r"(?:\\*/|\\+)"
_ALONE = r"(?:(?<![\w./-])|(?<=file://))"
_HOME = re.compile(
    rf"{_ALONE}(?:[a-z]:{_SLASH}|dbfs:/|{_SLASH}(?:[\w.-]+/){{0,2}})"
    rf"(?:home|users){_SLASH}({_PART})"
    rf"|{_ALONE}/+root/{_PART}|{_ALONE}/content/drive/MyDrive/{_PART}"
    rf"|\b(?:s3|gs|gcs|abfss?|wasbs?|hdfs|dbfs):/+(?:{_PART}/)*(?:users?|home)/{_PART}"
    rf"|{_ALONE}/(?:scratch|lustre|gpfs|nfs)/{_PART}/{_PART}"
    rf"|{_ALONE}/work/{_PART}/{_PART}"
    # \\server\share\folder
    rf"|(?<![\w\\])\\\\+(?:(?!u[0-9a-f]{{4}})[\w.-]{{2,}})\\+[\w$.-]{{2,}}\\+[\w$.-]+"
    rf"|(?<!\w)[\w.-]+@[\w-]+(?:\.[\w-]+)+:[/~]{_PART}"  # somebody@machine:/folder
    rf"|(?<![\w/.])~[a-z]\w+/{_PART}"
    rf"|{_ALONE}/opt/(?:conda|miniconda3?|anaconda3?)/envs/{_PART}",
    re.I,
)
_LEFT_BY_TOOLS = re.compile(
    rf"{_ALONE}\\*/(?:content|mnt|tmp|work(?:space)?|data|scratch|kaggle|volumes|media|var|root|opt)"
    rf"\\*/{_PART}|(?:s3|gs|gcs|abfss?|wasbs?|hdfs|dbfs):/+{_PART}"
    rf"|\\\\+[\w.-]{{2,}}\\+[\w$.-]{{2,}}",
    re.I,
)
# Names that manuals use, by which nobody is known.
_STANDS_FOR_ANY = re.compile(
    rf"(?:home|users){_SLASH}(?:user(?:name)?|you|yourname|your[-_]\w+|me|name|someone|somebody|jane|john"
    r"|jdoe|alice|bob|foo|ubuntu|admin|public|default|shared|\$\w+|%\w+%|\{\w+\}|\.\.\.|…)\b",
    re.I,
)


def names_of(finds: Iterable[Leak]) -> list[str]:
    """The names of finds, each once."""
    return list(dict.fromkeys(find.name for find in finds))
