"""Measure how long the data set browser takes on 52,000 rows to open, and to filter.

    python benchmarks/widgets.py [alpaca_data.json]

Without a file it uses artificial rows of about the size of Alpaca's. The result is in seconds, the
shortest of three tries.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from helpers.display.widgets import dataset_browser
from helpers.io import load_examples


def seconds(action: Callable[[], object]) -> float:
    """Time an action in seconds, the shortest of three tries."""
    taken = []
    for _ in range(3):
        started = time.perf_counter()
        action()
        taken.append(time.perf_counter() - started)
    return min(taken)


def artificial_rows(count: int = 52_002) -> list[dict]:
    """Make rows of about the size of Alpaca's."""
    words = [
        "river",
        "bread",
        "list",
        "winter",
        "number",
        "write",
        "email",
        "short",
        "green",
        "tea",
    ]
    text = [" ".join(words[(i * k) % 10] for k in range(1, 60)) for i in range(997)]
    kinds = ("write", "sum", "list")
    return [
        {"instruction": text[i % 997][:80], "output": text[i % 991], "category": kinds[i % 3]}
        for i in range(count)
    ]


def main() -> None:
    rows = load_examples(sys.argv[1]) if len(sys.argv) > 1 else artificial_rows()
    print(f"{len(rows)} rows")
    print(f"first view  {seconds(lambda: dataset_browser(rows)):.3f} s (aim: 1)")
    head = dataset_browser(rows).controls.children[0].children
    searches = iter(("bread winter", "email", "green table list"))

    def search() -> None:
        head[0].value = next(searches)

    print(f"a filter    {seconds(search):.3f} s (aim: 0.3)")


if __name__ == "__main__":
    main()
