"""How far do people, or a judge and people, agree beyond what chance alone would bring?

On the ground floor: lists of labels in, one number out. 1 is perfect agreement, 0 what two voters
reach who draw their votes by lot with the same frequencies, below 0 less than that. The tests work
cases by hand and hold both against well-known implementations.
"""

from collections import Counter


def cohen_kappa(first, second):
    """Cohen's κ (1960) of two voters over the same items, in order; labels of any kind.

    ``(observed - expected) / (1 - expected)``. None where it is not defined: both voters gave one
    and the same label to everything, so there was nothing to agree about. Raises ValueError for
    lists that differ in length or are empty.
    """
    if len(first) != len(second) or not first:
        raise ValueError(
            f"{len(first)} votes beside {len(second)}; expected two lists over the same items."
        )
    n, one, two = len(first), Counter(first), Counter(second)
    observed = sum(a == b for a, b in zip(first, second, strict=True)) / n
    expected = sum(one[label] * two[label] for label in one) / n**2
    return None if expected == 1 else (observed - expected) / (1 - expected)


def krippendorff_alpha(votes):
    """Krippendorff's α (1970) for nominal labels and any number of voters, some votes missing.

    ``votes`` is a list of items, each a list of its labels; None is a missing vote. Items with
    fewer than two labels say nothing about agreement and are left out. None where no item has two,
    or all labels are one and the same.
    """
    items = [[label for label in item if label is not None] for item in votes]
    items = [item for item in items if len(item) > 1]
    totals = Counter(label for item in items for label in item)
    n = sum(totals.values())
    # Disagreeing pairs within an item, each item weighing as much as it has labels.
    observed = sum(
        (len(item) ** 2 - sum(c * c for c in Counter(item).values())) / (len(item) - 1)
        for item in items
    )
    expected = n * n - sum(c * c for c in totals.values())
    return None if expected == 0 else 1 - (n - 1) * observed / expected
