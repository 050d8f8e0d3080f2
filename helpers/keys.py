"""Where a key comes from: the environment, a ``.env`` file, Google Colab's secrets. Never a cell.

A room of its own because a key is looked for in one place only, and goes nowhere else: it is
returned to whoever makes the request, and never printed, stored or put into an error.
"""

import os
from pathlib import Path


def find_key(name, folder="."):
    """``(key, why)`` for the environment variable ``name``: the key and None, or None and why not.

    Looked for in this order: the environment; a line ``NAME=value`` of the file ``.env`` in
    ``folder``; Colab's secrets, where this runs in Colab. An empty value counts as none.
    """
    key = (os.environ.get(name) or "").strip() or _from_env_file(Path(folder) / ".env", name)
    if key:
        return key, None
    key, why = _from_colab(name)
    return key, None if key else why


def _from_env_file(path, name):
    """The value of ``NAME=value`` (quotes and ``export`` allowed) in a file; None without one."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    for line in lines:
        left, equals, value = line.strip().removeprefix("export ").partition("=")
        if equals and left.strip() == name:
            return value.strip().strip("\"'") or None
    return None


def _from_colab(name):
    """``(key, why)`` from Colab's secrets; outside Colab the other two places are named."""
    here = f"the environment variable {name} is empty, and no line {name}=… is in a file .env"
    try:
        from google.colab import userdata
    except ImportError:
        return None, here
    try:
        key = (userdata.get(name) or "").strip()
    except Exception as error:  # its own kinds, which exist in Colab alone
        return None, f"{here}; {_COLAB.get(type(error).__name__, _OTHER).format(name=name)}"
    return key or None, f"{here}; the secret {name} in Colab is empty"


_OTHER = "Colab's secrets could not be read"
_COLAB = {
    "SecretNotFoundError": "Colab has no secret {name} (the key symbol on the left adds one)",
    "NotebookAccessError": "this notebook may not read the secret {name}: switch its access on, "
    "under the key symbol on the left",
    "TimeoutException": "Colab did not answer for the secret {name}; run the cell again and allow "
    "the access it asks for",
    "ValueError": "{name} is no name that Colab's secrets can have",
}
