"""Findings on moderators: whether the effect has both signs along one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.arrays import Mask
from harness.findings.finding import StudyFinding
from harness.findings.stretches import stretches
from harness.language import gettext
from harness.report.model.bands import SIMULTANEOUS
from harness.report.model.run import Run
from harness.report.sections.moderators.rows import ConditionalEffect, conditional
from harness.report.text.plain_text import joined


def sign_change_findings(run: Run, outcome: str) -> Iterator[StudyFinding]:
    """Yield of every conditional effect where it is told from zero.

    That it changes its sign is established where its simultaneous band excludes zero from below at one
    supported moderator value and from above at another, and the effect of the fit itself has that sign there.
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
    above = effect.supported & (band.low > 0.0) & (effect.estimate > 0.0)
    below = effect.supported & (band.high < 0.0) & (effect.estimate < 0.0)
    return np.asarray(above), np.asarray(below)


def has_both_signs(effect: ConditionalEffect) -> bool:
    """Return whether a conditional effect is told to be above zero somewhere, and below elsewhere."""
    return all(places.any() for places in signs(effect))


def _finding(run: Run, effect: ConditionalEffect) -> StudyFinding:
    study, key = run.manifest.study, effect.key
    above, below = signs(effect)
    told = [
        side.format(stretches=stretches(effect.at, places))
        for side, places in (
            (gettext("below zero {stretches}"), below),
            (gettext("above zero {stretches}"), above),
        )
        if places.any()
    ]
    is_established = has_both_signs(effect)
    where = joined(told) or gettext("nowhere told from zero")
    said = (
        gettext("it changes its sign") if is_established else gettext("no change of its sign is established")
    )
    return StudyFinding(
        outcome=key.outcome,
        estimator=key.estimator,
        finding="sign_change",
        about=f"{key.scenario}: {key.moderator}",
        text=(
            gettext("{estimator}, effect by {moderator}: {where}; {said}.").format(
                estimator=study.estimator_label(key.estimator),
                moderator=study.axis_label(key.moderator),
                where=where,
                said=said,
            )
        ),
        is_established=is_established,
    )
