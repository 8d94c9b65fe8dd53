"""Numbers with their units, where a spec has these, as sentences say them."""

from __future__ import annotations

import re

from harness.language import gettext
from harness.record.study import StudyRecord

POWER_OF_TEN = re.compile("10[⁰¹²³⁴⁵⁶⁷⁸⁹]")


def in_unit(number: str, unit: str) -> str:
    """Return a number with its unit, times one that starts with a power of ten; alone where there is none."""
    if not unit:
        return number
    return f"{number} × {unit}" if POWER_OF_TEN.match(unit) else f"{number} {unit}"


def effect_in_units(study: StudyRecord, number: str, *, outcome: str, exposure: str) -> str:
    """Return an effect in the outcome's unit per unit of the exposure; alone where neither has a unit."""
    unit = study.unit(outcome)
    said = in_unit(number, unit)
    return gettext("{number} per unit").format(number=said) if unit or study.unit(exposure) else said
