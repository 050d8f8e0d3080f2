"""Repair small errors in JSON if their correction is certain.

Models put a comma after the last element, omit one between two elements, add comments, and forget
to write a backslash twice ("C:\\data", formulas). One pass over the text repairs these. Quote marks
that were not escaped cannot be repaired, because the end of such a string is unknown.
"""

import re

_TOKEN = re.compile(
    r'(?P<string>"(?:[^"\\]++|\\.)*+"?)'
    r"|(?P<space>\s++)|(?P<comment>//[^\n]*+|/\*(?:[^*]++|\*(?!/))*+\*/)"
    r"|(?P<comma>,)|(?P<opening>[\[{])|(?P<closing>[\]}])|(?P<word>[\w.+\-]++)|(?P<other>.)",
    re.S,
)
_ESCAPE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})|(?P<wrong>\\)')
# Looks like an escape, but is none in a string that also has wrong ones: \\times, \\frac, C:\\new.
_FORMULA = re.compile(
    r"\\(?=[bf][a-z]|n(?:abla|eq?|u|ot|otin)(?![a-z])|t(?:heta|imes|an|au|ext|o|op)(?![a-z])"
    r"|r(?:ho|ight|angle|ightarrow|m)(?![a-z]))"
)
_PATH = re.compile(r"\b[A-Za-z]:\\")
_PATH_PART = re.compile(r"\\(?=[ntrbf][a-z])")
_ENDS = ("string", "word", "closing")  # the tokens that a value can end with
_BEGINS = ("string", "word", "opening")  # and those that one can begin with


def repaired(text: str) -> str:
    """A JSON text without such errors. A text that is not JSON may change in other ways."""
    parts: list[str] = []
    spaces: list[str] = []
    last, comma = "", False  # the kind of the last token, and whether a comma follows it
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup or ""
        if kind in ("space", "comment"):
            spaces.append(token[0] if kind == "space" else " ")
        elif kind == "comma":
            comma = True
        else:
            missing = last in _ENDS and kind in _BEGINS and (spaces or last == "closing")
            if (comma and kind != "closing") or missing:
                parts.append(",")
            parts += spaces
            parts.append(_with_escapes(token[0]) if kind == "string" else token[0])
            last, comma, spaces = kind, False, []
    return "".join(parts)


def _with_escapes(string: str) -> str:
    """A string in which each backslash that begins no escape is written twice."""
    wrong = [found.start() for found in _ESCAPE.finditer(string) if found["wrong"]]
    if not wrong:
        return string
    parts = _PATH_PART if _PATH.search(string) else _FORMULA
    escapes = {found.start() for found in _ESCAPE.finditer(string)}
    wrong += [found.start() for found in parts.finditer(string) if found.start() in escapes]
    marked = set(wrong)
    return "".join("\\\\" if i in marked else char for i, char in enumerate(string))
