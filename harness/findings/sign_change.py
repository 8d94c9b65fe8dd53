"""Findings on moderators: whether the effect has both signs along one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.arrays import Mask
from harness.findings.finding import StudyFinding
from harness.findings.stretches import stretches
from harness.report.model.bands import SIMULTANEOUS
from harness.report.model.run import Run
from harness.report.sections.moderators.rows import ConditionalEffect, conditional


def sign_change_findings(run: Run, outcome: str) -> Iterator[StudyFinding]:
    """Yield of every conditional effect where it is told from zero.

    That it changes its sign is established where its simultaneous band excludes zero from below at one
    supported moderator value and from above at another.
    """
    for effect in run.view(conditional).effects:
        if effect.key.outcome == outcome:
            yield _finding(run, effect)


def signs(effect: ConditionalEffect) -> tuple[Mask, Mask]:
    """Return where a conditional effect is told to be above, and below zero, (n_grid,) each."""
    band = effect.band(SIMULTANEOUS)
    if band is None:
        nowhere = np.zeros(effect.at.size, dtype=np.bool_)
        return nowhere, nowhere
    return np.asarray(effect.supported & (band.low > 0.0)), np.asarray(effect.supported & (band.high < 0.0))


def has_both_signs(effect: ConditionalEffect) -> bool:
    """Return whether a conditional effect is told to be above zero somewhere, and below elsewhere."""
    return all(places.any() for places in signs(effect))


def _finding(run: Run, effect: ConditionalEffect) -> StudyFinding:
    study, key = run.manifest.study, effect.key
    above, below = signs(effect)
    told = [
        f"{side} zero {stretches(effect.at, places)}"
        for side, places in (("below", below), ("above", above))
        if places.any()
    ]
    is_established = has_both_signs(effect)
    where = " and ".join(told) or "nowhere told from zero"
    said = "it changes its sign" if is_established else "no change of its sign is established"
    return StudyFinding(
        outcome=key.outcome,
        estimator=key.estimator,
        finding="sign_change",
        about=f"{key.scenario}: {key.moderator}",
        text=(
            f"{study.estimator_label(key.estimator)}, effect by {study.axis_label(key.moderator)}: "
            f"{where}; {said}."
        ),
        is_established=is_established,
    )
