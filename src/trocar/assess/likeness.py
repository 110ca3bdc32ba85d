"""How alike two texts are."""

import re

_LETTERS = re.compile(r"[^\w一-鿿]+")


def letters(text: str) -> str:
    """Return a text without punctuation and blanks."""
    return _LETTERS.sub("", text)


def pairs(text: str) -> frozenset[str]:
    """Return the pairs of neighbouring letters."""
    kept = letters(text)
    return frozenset(kept[place : place + 2] for place in range(len(kept) - 1))


def likeness(one: str, two: str) -> float:
    """Return the share of letter pairs that two texts have in common (Dice), 0 to 1.

    Examples
    --------
    >>> likeness("术后剂量验证", "术后剂量验证"), likeness("术后", "随访")
    (1.0, 0.0)
    """
    first, second = pairs(one), pairs(two)
    return 2.0 * len(first & second) / (len(first) + len(second)) if first and second else 0.0


def contained(part: str, whole: str) -> float:
    """Return the share of a text's letter pairs that another holds, 0 to 1."""
    first = pairs(part)
    return len(first & pairs(whole)) / len(first) if first else 0.0


def is_subsequence(short: str, long: str) -> bool:
    """Whether all letters of one text stand in another in the same order.

    Examples
    --------
    >>> is_subsequence("放射粒子治疗计划系统", "放射性粒子植入治疗计划系统")
    True
    """
    rest = iter(long)
    return all(letter in rest for letter in short)
