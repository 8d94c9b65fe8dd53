"""Effects in units that occur: by a step of the exposure, in per cent of the mean, and of logarithms."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from harness.findings.sentence import Estimate
from harness.language import topic
from harness.record.manifest import StudyRecord
from harness.text.numbers import in_unit, percent, plain

gettext = topic("text.scale")

# By which an exposure in logarithms changes.
ONE_PERCENT = 1.01


def scaled(study: StudyRecord, value: float, steps: Iterable[str], outcome: str) -> float:
    """Return a slope as it is stated: by the exposure's step, of a logarithm in per cent of what it is of.

    Parameters
    ----------
    value : outcome units per unit of exposure
    steps : columns by whose steps it is multiplied; none for a difference, which is no slope
    """
    for name in steps:
        value = stepped(study, value, name)
    return 100.0 * math.expm1(value) if study.scale(outcome).kind == "log" else value


def stepped(study: StudyRecord, value: float, variable: str) -> float:
    """Return a slope times the variable's step, of a logarithm by one per cent more of what it is of."""
    scale = study.scale(variable)
    return value * (math.log(ONE_PERCENT) if scale.kind == "log" else scale.step or 1.0)


def scaled_estimate(study: StudyRecord, estimate: Estimate, steps: Sequence[str], outcome: str) -> Estimate:
    """Return a slope with its interval as `scaled` states it."""
    return Estimate(*(scaled(study, value, steps, outcome) for value in estimate))


def unit_of(study: StudyRecord, outcome: str) -> str:
    """Return the unit of what `scaled` returns."""
    return "%" if study.scale(outcome).kind == "log" else study.unit(outcome)


def in_units(study: StudyRecord, number: str, outcome: str) -> str:
    """Return a number as `scaled` makes it, written out, in the unit that it is in."""
    is_share = study.scale(outcome).kind == "log"
    return f"{number}%" if is_share else in_unit(number, study.unit(outcome))


def of_mean(study: StudyRecord, value: float, outcome: str) -> str:
    """Return ``6% of the mean`` of a change of the outcome; empty where a share of the mean says nothing."""
    mean = study.scale(outcome).mean
    if not mean or not math.isfinite(value):
        return ""
    share = abs(value) / mean
    shown = percent(share, 0) if share >= 0.1 else f"{plain(float(f'{100 * share:.2g}'))}%"
    return gettext("{share} of the mean").format(share=shown)


def changed(study: StudyRecord, variable: str) -> str:
    """Return what an outcome is called; one in logarithms by what they are of."""
    return study.label(study.scale(variable).source or variable)


def step_text(study: StudyRecord, exposure: str) -> str:
    """Return ``0.12 years``, by which an exposure changes; empty where nothing is known of it."""
    scale = study.scale(exposure)
    if scale.kind == "log":
        return "1%"
    return in_unit(plain(scale.step), study.unit(exposure)) if scale.step else ""
