"""Agreement between voters beyond chance: Cohen's kappa and Krippendorff's alpha.

Both take lists of labels and return one number. 1 is perfect agreement. 0 is what two voters reach
who choose at random with the same frequencies. Below 0 they agree less often than that.
"""

from collections import Counter
from collections.abc import Hashable, Sequence


def cohen_kappa(first: Sequence[Hashable], second: Sequence[Hashable]) -> float | None:
    """Cohen's κ (1960) of two voters over the same items, in the same order.

    Labels may be of any kind. Returns None where κ is not defined: both voters gave every item the
    same single label. Raises ValueError for lists that differ in length or are empty.
    """
    from sklearn.metrics import cohen_kappa_score  # a second to import

    if len(first) != len(second) or not first:
        raise ValueError(
            f"{len(first)} votes and {len(second)} votes; expected two lists over the same items, "
            "with at least one."
        )
    numbers = {label: number for number, label in enumerate({*first, *second})}
    if len(numbers) == 1:
        return None
    # scikit-learn refuses some kinds of labels, and a mixture of kinds.
    one, two = ([numbers[label] for label in votes] for votes in (first, second))
    return float(cohen_kappa_score(one, two))


def krippendorff_alpha(votes: Sequence[Sequence[Hashable | None]]) -> float | None:
    """Krippendorff's α (1970) for nominal labels and any number of voters, some votes missing.

    ``votes`` has a list of labels for each item; None is a missing vote. Items with fewer than two
    labels say nothing about agreement and are left out. Returns None where no item has two labels,
    or all labels are the same.
    """
    items = [[label for label in item if label is not None] for item in votes]
    items = [item for item in items if len(item) > 1]
    totals = Counter(label for item in items for label in item)
    n = sum(totals.values())
    # Disagreeing pairs within an item. Each item weighs as much as it has labels.
    observed = sum(
        (len(item) ** 2 - sum(c * c for c in Counter(item).values())) / (len(item) - 1)
        for item in items
    )
    expected = n * n - sum(c * c for c in totals.values())
    return None if expected == 0 else 1 - (n - 1) * observed / expected
