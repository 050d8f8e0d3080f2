"""Find keys, passwords and private keys in a text.

The package detect-secrets (Yelp) knows the keys of two dozen providers. Rules of this module add
the keys of other providers, passwords in addresses, private keys, base64 of any of these, and
values that look random after a name such as ``api_key``.
"""

import base64
import contextlib
import functools
import re
from collections.abc import Iterator
from typing import Any

LONGEST = 1000  # characters of a line that stand for a secret that detect-secrets does not return

# Prefixes of keys that detect-secrets does not know, or knows in older forms only.
_PREFIXES = (
    r"sk-", r"sk_live_", r"rk_live_", r"whsec_", r"hf_", r"gh[pousr]_", r"github_pat_", r"gsk_",
    r"glpat-", r"npm_", r"pypi-", r"xox[abeoprs]-", r"xapp-", r"r8_", r"dop_v1_", r"dapi",
    r"shp\w{2}_", r"GOCSPX-", r"AIza", r"A[KS]IA", r"sq0\w{3}-", r"AKC", r"pplx-", r"nvapi-",
    r"lsv2_pt_", r"key-", r"SG\.", r"EAAA", r"django-insecure-",
)  # fmt: skip
_PROVIDER_KEY = re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(_PREFIXES)})[\w.=+/$!#&*@^()%-]{{16,}}")
_TOKEN = re.compile(
    r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{16,}"  # JSON Web Token
    r"|hooks\.slack\.com/services/[\w/]{20,}|discord(?:app)?\.com/api/webhooks/\d+/[\w-]{40,}"
    r"|\b\d{8,10}:AA[\w-]{30,}"  # Telegram
    r"|\b[MN][\w-]{22,27}\.[\w-]{6}\.[\w-]{27,}"  # Discord
    r"|(?i:authorization:\s*basic|\bbearer)\s+[\w+/.-]{20,}=*"
)
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----(?!\W{0,4}(?:\.\.\.|…))|PuTTY-User-Key-File-\d:"
)
_PASSWORD_IN_ADDRESS = re.compile(
    r"\b[a-z][a-z0-9+.-]{1,20}://[^\s:/@\"'<>]{0,60}:([^\s/@\"'<>]{6,100})@([\w.-]+)", re.I
)
_NAMED_VALUE = re.compile(
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
# A provider's variable with a value of any form: OPENAI_API_KEY=…
_VARIABLE = re.compile(
    r"\b[A-Z][A-Z0-9]*_(?:API_KEY|TOKEN|SECRET_ACCESS_KEY|SECRET)[\s\"'\\\])]{0,6}[=:][\s\"'\\]{0,6}"
    r"([^\s\"'\\,;<>{}&]{8,400})"
)
# A value that manuals write in the place of a key.
_PLACEHOLDER = re.compile(
    r"your|example|change|placeholder|secret|passw|token|dummy|fake|sample|redacted|not[-_]needed|xxx|\.\.\.|…"
    r"|\*\*\*|\$|<|\(|\[|^env|environ|getenv|^none$|^null$",
    re.I,
)


def find_keys(text: str) -> Iterator[tuple[int, str]]:
    """Find what looks like a key or a password; yields its position and its text.

    Several rules may find the same key.
    """
    yield from _provider_keys(text)
    yield from _keys_in_base64(text)
    for match in _PRIVATE_KEY.finditer(text):
        yield match.start(), text[match.start() : match.start() + 200]
    yield from _passwords_in_addresses(text)
    yield from _named_values(text)
    yield from _passwords(text)
    yield from _detected(text)


def _provider_keys(text: str) -> Iterator[tuple[int, str]]:
    """Keys with a prefix or form that a provider uses."""
    for pattern in (_PROVIDER_KEY, _TOKEN):
        for match in pattern.finditer(text):
            if not _PLACEHOLDER.search(match[0][8:]) and _is_mixed(match[0][4:]):
                yield match.start(), match[0]


def _passwords_in_addresses(text: str) -> Iterator[tuple[int, str]]:
    """Passwords in addresses of other machines: ``scheme://user:password@host``."""
    for match in _PASSWORD_IN_ADDRESS.finditer(text):
        is_local = match[2] in ("localhost", "127.0.0.1", "host")
        if not is_local and not _PLACEHOLDER.search(match[1]):
            yield match.start(1), match[1]


def _named_values(text: str) -> Iterator[tuple[int, str]]:
    """Values of a provider's variable, and random values after a name such as ``token``."""
    for match in _VARIABLE.finditer(text):
        if not _PLACEHOLDER.search(match[1]):
            yield match.start(1), match[1]
    for match in _NAMED_VALUE.finditer(text):
        if not _PLACEHOLDER.search(match[1]) and _looks_random(match[1]):
            yield match.start(1), match[1]


def _passwords(text: str) -> Iterator[tuple[int, str]]:
    """Values with letters and digits after a word for *password* or a password option."""
    for match in _PASSWORD.finditer(text):
        value = match[1] or match[2]
        if not _PLACEHOLDER.search(value) and re.search(r"\d.*[A-Za-z]|[A-Za-z].*\d", value):
            yield match.start(), value


_BASE64 = re.compile(r"(?<![\w+/-])[\w+/-]{24,}", re.A)


def _keys_in_base64(text: str) -> Iterator[tuple[int, str]]:
    """Base64 of a text that holds a key; base64 of pictures and hashes decodes to no text."""
    for match in _BASE64.finditer(text):
        encoded = match[0].replace("-", "+").replace("_", "/")
        encoded = encoded[: len(encoded) - (len(encoded) % 4 == 1)]
        decoded = base64.b64decode(encoded + "=" * (-len(encoded) % 4))
        if not decoded.isascii():
            continue
        plain = decoded.decode("ascii")
        if any(_provider_keys(plain)) or _PRIVATE_KEY.search(plain):
            yield match.start(), match[0]


def _is_mixed(value: str) -> bool:
    return len(set(value)) >= 8 and bool(re.search(r"\d", value))


def _looks_random(value: str) -> bool:
    """Whether a value mixes letters and digits as a generated key does."""
    letters, digits = re.findall(r"[A-Za-z]", value), re.findall(r"\d", value)
    return _is_mixed(value) and len(letters) >= 3 and len(digits) >= 2


@functools.cache
def _plugins() -> list[Any]:
    """The plugin classes of detect-secrets that know a provider's form, without those that guess.

    Each has a list of patterns, ``denylist``, which detect-secrets types as a property of objects.
    """
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
    from detect_secrets.plugins.base import RegexBasedDetector

    plugins: list[Any] = list(get_mapping_from_secret_type_to_class().values())
    guessing = ("KeywordDetector", "IPPublicDetector", "BasicAuthDetector")
    by_form = [plugin for plugin in plugins if issubclass(plugin, RegexBasedDetector)]
    return [plugin for plugin in by_form if plugin.__name__ not in guessing]


def _detected(text: str) -> Iterator[tuple[int, str]]:
    """What detect-secrets finds."""
    from detect_secrets.core.scan import scan_line
    from detect_secrets.settings import transient_settings

    # Its patterns run over the whole text, its filters only over the lines where they match.
    places = {
        match.start()
        for plugin in _plugins()
        for pattern in plugin.denylist
        for match in pattern.finditer(text)
    }
    settings = {"plugins_used": [{"name": plugin.__name__} for plugin in _plugins()]}
    with transient_settings(settings) if places else contextlib.nullcontext():
        for begin in {text.rfind("\n", 0, at) + 1: at for at in sorted(places)}:
            for secret in scan_line(text[begin:].partition("\n")[0]):
                if not _PLACEHOLDER.search(secret.secret_value or ""):
                    yield begin, secret.secret_value or text[begin : begin + LONGEST]
