"""Findings on moderators: whether the effect has both signs along one, and at which values it changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from harness.arrays import Mask
from harness.findings.lines import SIMULTANEOUS, ConditionalEffect, conditional_effects, stretches
from harness.findings.run import Run
from harness.tables.conditional import THRESHOLDS, ThresholdRow
from harness.tables.findings import FindingRow
from harness.text.effects import NONE
from harness.text.sentences import Sentence, finding


def sign_change_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield of every conditional effect where it is told from zero.

    That it changes its sign is established where its simultaneous band excludes zero from below at one
    supported moderator value and from above at another, and the effect of the fit itself has that sign there.
    """
    for effect in run.view(conditional_effects):
        key = effect.key
        if key.outcome == outcome:
            above, below = signs(effect)
            yield finding(
                "sign_change",
                Sentence(
                    "sign_change",
                    {
                        "moderator": key.moderator,
                        "below": stretches(effect.at, below),
                        "above": stretches(effect.at, above),
                    },
                ),
                outcome=outcome,
                estimator=key.estimator,
                about=f"{key.scenario}: {key.moderator}",
                is_established=has_both_signs(effect),
            )


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
    return all(positions.any() for positions in signs(effect))


def threshold_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield the thresholds of every conditional effect; that it has none is a finding too.

    The table has thresholds between stretches whose simultaneous band excludes zero, within the longest
    supported stretch. One is established where the band over all supported values has both signs as well; its
    position is not where it lies outside its interval. Breaks that an estimator assumes are no changes of
    sign.
    """
    with_both = {effect.key for effect in run.view(conditional_effects) if has_both_signs(effect)}
    for row in run.rows(THRESHOLDS):
        if row.is_done and row.outcome == outcome and row.scenario:
            yield _threshold(row, is_established=row.key in with_both)


def _threshold(row: ThresholdRow, *, is_established: bool) -> FindingRow:
    at = row.at, row.conf_low, row.conf_high
    parameters: dict[str, Any] = {"moderator": row.moderator, "kind": row.kind}
    if row.kind != NONE:
        parameters |= {"at": at, "share_of_draws": row.share_of_draws, "is_established": is_established}
    return finding(
        "threshold",
        Sentence("threshold", parameters),
        outcome=row.outcome,
        estimator=row.estimator,
        about=f"{row.scenario}: {row.moderator}" + ("" if row.kind == NONE else f", {row.kind}"),
        is_established=row.kind != NONE and is_established,
        estimate=at,
    )
