"""Formatted numbers: signs, digits, percentages, units."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from harness.language import topic
from harness.tables.decision import SIGNIFICANT, Decision

gettext = topic("text.numbers")


MISSING = "–"
MINUS = "−"
NO_BREAK = "\u00a0"
MAX_DECIMALS = 9
# Smaller p-values are not told apart.
LEAST_P = 0.001

# Share of their size by which numbers that are one can differ.
ROUNDING = 1e-9

# From here on numbers are in powers of ten.
LARGE = 1e9

POWER_OF_TEN = re.compile("10[⁰¹²³⁴⁵⁶⁷⁸⁹]")
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def fixed(value: float, decimals: int) -> str:
    """Return `value` with thousands separators and a minus sign; a dash if it is not finite."""
    if not math.isfinite(value):
        return MISSING
    text = f"{value:,.{decimals}f}"
    is_zero = not text.strip("-0.,")
    return text.lstrip("-") if is_zero else text.replace("-", MINUS)


def rounded(value: float, decimals: int) -> str:
    """Return `value` with these decimals; where they are as many as there can be, in significant digits."""
    return significant(value) if decimals == MAX_DECIMALS else fixed(value, decimals)


def count(value: int | None) -> str:
    """Return a whole number with thousands separators; a dash for None."""
    return MISSING if value is None else f"{value:,}"


def all_of(n: int) -> str:
    """Return ``The``, ``Both``, ``All seven`` or ``All 12``, before what is counted."""
    words = gettext("three four five six seven eight nine").split()
    several = words[n - 3] if 3 <= n < 3 + len(words) else count(n)
    first = {1: gettext("The"), 2: gettext("Both")}
    return first.get(n) or gettext("All {n}").format(n=several)


def percent(fraction: float, decimals: int = 1) -> str:
    """Return a fraction as "57.2%"."""
    return MISSING if not math.isfinite(fraction) else f"{fixed(100 * fraction, decimals)}%"


def p_text(value: float) -> str:
    """Return "p = 0.012" or "p < 0.001" without line breaks; empty for no p-value."""
    if not math.isfinite(value):
        return ""
    number = p_value(value)
    text = f"p {number}" if value < LEAST_P else f"p = {number}"
    return text.replace(" ", NO_BREAK)


def p_value(value: float) -> str:
    """Return "0.012" or "< 0.001", without a place to break; a dash for no p-value."""
    return f"<{NO_BREAK}{LEAST_P:g}" if value < LEAST_P else fixed(value, 3)


def percent_interval(low: float, high: float) -> str:
    """Return an interval of fractions as "[50.1, 63.0]", in percent.

    A limit so near zero that its sign would be lost gets up to two decimals more.
    """
    return interval(100 * low, 100 * high, _with_signs(100 * low, 100 * high, 1))


def _with_signs(low: float, high: float, decimals: int) -> int:
    """Return decimals that show the signs of both limits: up to two more, and no more where these do not."""
    nearest = min((abs(limit) for limit in (low, high) if limit != 0), default=math.inf)
    enough = (more for more in range(decimals, decimals + 3) if nearest >= 0.5 * 10.0**-more)
    return next(enough, decimals)


def interval(low: float, high: float, decimals: int) -> str:
    """Return "[low, high]" without line breaks; empty if a limit is missing."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return ""
    return f"[{rounded(low, decimals)},{NO_BREAK}{rounded(high, decimals)}]"


def estimate(value: float, low: float, high: float) -> tuple[str, str]:
    """Return a number and its interval, with decimals for two digits of the interval's width.

    A limit so near zero that its sign would be lost gets up to two decimals more.
    The interval is empty where a limit is missing; the number then has four significant digits. Where more
    than nine decimals were needed all are in powers of ten.
    """
    if not all(math.isfinite(number) for number in (value, low, high)):
        return significant(value), ""
    decimals = decimals_for([high - low], 2) if high > low else decimals_for([value])
    decimals = min(MAX_DECIMALS, _with_signs(low, high, decimals))
    largest = max(abs(number) for number in (value, low, high))
    if decimals == MAX_DECIMALS or largest >= LARGE:
        return significant(value), f"[{significant(low)},{NO_BREAK}{significant(high)}]"
    return fixed(value, decimals), interval(low, high, decimals)


def with_interval(value: float, low: float, high: float) -> str:
    """Return a number followed by its interval, as `estimate` gives them; that it lies outside is said."""
    number, limits = estimate(value, low, high)
    if is_outside(value, low, high):
        return gettext("{number}, outside its interval {limits}").format(number=number, limits=limits)
    return " ".join(part for part in (number, limits) if part)


def is_outside(value: float, low: float, high: float) -> bool:
    """Return whether a number lies outside its interval, by more than rounding; False without one."""
    slack = ROUNDING * max(abs(low), abs(high))
    return value < low - slack or value > high + slack


@dataclass(frozen=True)
class EstimateText:
    """A number with its interval in words, and whether it was decided to be above or below zero."""

    value: str
    interval: str
    is_significant: bool = False


def estimated(value: float, low: float, high: float, decision: Decision) -> EstimateText:
    """Return a number with its interval in words, and what was decided on it."""
    return EstimateText(*estimate(value, low, high), is_significant=decision in SIGNIFICANT)


def decimals_for(values: Iterable[float], digits: int = 4) -> int:
    """Return how many decimals show the smallest of `values` with `digits` significant digits, at most 9."""
    sizes = [abs(value) for value in values if math.isfinite(value) and value != 0]
    if not sizes:
        return 0
    return min(MAX_DECIMALS, max(0, digits - 1 - math.floor(math.log10(min(sizes)))))


def plain(value: float) -> str:
    """Return `value` with at most four significant digits and no trailing zeros."""
    text = significant(value)
    return text.rstrip("0").rstrip(".") if "." in text and "×" not in text else text


def significant(value: float, digits: int = 4) -> str:
    """Return `value` with `digits` significant digits, in powers of ten where it is very small or large."""
    if not math.isfinite(value):
        return MISSING
    if value == 0:
        return "0"
    exponent = math.floor(math.log10(abs(value)))
    if -4 <= exponent < 7:
        return fixed(value, max(0, digits - 1 - exponent))
    mantissa = fixed(value / 10.0**exponent, digits - 1)
    return f"{mantissa} × 10{str(exponent).translate(SUPERSCRIPTS)}"


def in_unit(number: str, unit: str) -> str:
    """Return a number with its unit, times one that starts with a power of ten; alone where there is none."""
    if not unit:
        return number
    return f"{number} × {unit}" if POWER_OF_TEN.match(unit) else f"{number} {unit}"
