"""How numbers are written: which texts are numbers, with which marks of thousands, decimals, per cent."""

from __future__ import annotations

import re
from collections.abc import Collection

# A number as a program writes it.
PLAIN = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", re.ASCII)

# The same with blanks around it.
NUMBER = re.compile(rf"\s*{PLAIN.pattern}\s*", re.ASCII)

_INTEGER = re.compile(r"\s*[+-]?[0-9]{1,400}\s*", re.ASCII)  # longer ones are beyond float64 anyway

# How the code ``007`` begins, and no number.
ZEROS_IN_FRONT = re.compile(r"\s*[+-]?0[0-9]", re.ASCII)

_MARKED = re.compile(r"[+\u2212-]?[0-9.,' ]*[0-9][0-9.,]*(?:[eE][+-]?[0-9]+)?\s?[%％]?", re.ASCII)
_PERCENT = re.compile(r"[+-]?[0-9][0-9.,' ]*\s?[%％]", re.ASCII)
_GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2}([,.' ])[0-9]{3}(?:\1[0-9]{3})*(?:([.,])[0-9]*)?", re.ASCII)
_DECIMAL = re.compile(r"[+-]?[0-9]*([,.])[0-9]+", re.ASCII)

# What stands for a missing cell among numbers, in small letters.
MISSING_TEXTS = {
    *("-", "--", "---", "–", "—", "——", "..", "...", "…", ":"),
    *("n/a", "n.a.", "n.a", "na", "(na)", "nan", "null", "none", "missing", "无", "缺失"),
    *("#n/a", "#na", "#div/0!", "#value!", "#ref!", "#num!", "#null!"),
}

# Whole numbers beyond this are not all held exactly by float64.
EXACT = 2**53


def is_exact(number: int) -> bool:
    """Return whether float64 holds this whole number exactly."""
    return abs(number) <= EXACT or (abs(number) < 2**1023 and int(float(number)) == number)


def is_integer(text: str) -> bool:
    """Return whether a text is a whole number, blanks around it aside."""
    return _INTEGER.fullmatch(text) is not None


def number_from_text(text: str) -> int | float:
    """Return the number that a text is."""
    return int(text) if is_integer(text) else float(text)


def are_years(*numbers: float) -> bool:
    """Return whether numbers are all taken for years."""
    return all(1800 <= number <= 2200 for number in numbers)


def is_marked_number(text: str) -> bool:
    """Return whether a text is a number with whatever marks of thousands, decimals and per cent."""
    return _MARKED.fullmatch(text) is not None


def number_marks(cells: Collection[str]) -> dict[str, str]:
    """Return how numbers are written, each of which `is_marked_number`, by the options of a file that say it.

    They are ``percent`` where some have the sign, ``decimal`` where it is a comma, ``thousands`` where their
    separator is clear.
    """
    plain = {cell.rstrip("%％ ").replace("\u2212", "-") for cell in cells}
    grouped = [match for cell in plain if (match := _GROUPED.fullmatch(cell))]
    # 0,800 and 1,25 have decimals; 1,800 has them where others of the file do.
    single = [cell for cell in plain if not _GROUPED.fullmatch(cell)]
    decimals = {match[1] for cell in single if (match := _DECIMAL.fullmatch(cell))}
    is_comma = "," in decimals and not any(match[1] == "," for match in grouped if match[2] == ".")
    thousands = {match[1] for match in grouped} - (decimals if is_comma else decimals | {"."})
    marks = {"percent": "number"} if any(map(_PERCENT.fullmatch, cells)) else {}
    marks |= {"decimal": ","} if is_comma else {}
    return marks | ({"thousands": thousands.pop()} if len(thousands) == 1 else {})
