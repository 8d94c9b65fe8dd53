"""Findings of tests of the effect's form: a straight line, thresholds, and measures of interaction."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import groupby, takewhile

from harness.findings.run import Run
from harness.tables.conditional import INTERACTIONS, THRESHOLDS
from harness.tables.effects import EFFECT_TESTS
from harness.tables.findings import FindingRow
from harness.tables.gain import size_of
from harness.text.sentences import Sentence, finding

# An H below this is rounding alone.
NO_H = 1e-6

# Names of tests among those of the effect's form: of a straight line, and of each number of thresholds.
LINEARITY = "linearity"
THRESHOLD_TESTS = ("one threshold", "two thresholds", "three thresholds")


def linearity_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield every test of linearity; a nonlinearity is established where its p-value is below the level."""
    for row in run.rows(EFFECT_TESTS):
        if row.is_done and (row.outcome, row.test) == (outcome, LINEARITY):
            is_bent = row.p_value < size_of(run.manifest.study.level)
            parameters = {"exposure": row.exposure, "p_value": row.p_value, "is_rejected": is_bent}
            yield finding(
                "nonlinearity",
                Sentence("linearity", parameters),
                outcome=outcome,
                estimator=row.estimator,
                about=", ".join(filter(None, (LINEARITY, row.exposure, row.against))),
                is_established=is_bent,
                p_value=row.p_value,
                against=[Sentence("bends")] * is_bent,
            )


def threshold_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield how many thresholds the tests of every threshold model find, and where the model has its own.

    The number is that up to which every test rejects one less at the study's level; that there are any is
    established where it is one or more.
    """
    breaks = [
        row for row in run.rows(THRESHOLDS) if row.is_done and not row.scenario and row.outcome == outcome
    ]
    for (estimator, moderator), same in groupby(breaks, key=lambda row: (row.estimator, row.moderator)):
        places = [(row.at, row.conf_low, row.conf_high) for row in same]
        tests = {
            row.test: row.p_value
            for row in run.rows(EFFECT_TESTS)
            if row.is_done and (row.outcome, row.estimator) == (outcome, estimator)
        }
        p_values = [tests[name] for name in THRESHOLD_TESTS if name in tests]
        if not p_values:
            continue
        found = list(takewhile(lambda p_value: p_value < size_of(run.manifest.study.level), p_values))
        parameters = {"moderator": moderator, "n_found": len(found), "p_values": p_values, "places": places}
        yield finding(
            "threshold",
            Sentence("threshold", parameters),
            outcome=outcome,
            estimator=estimator,
            about=moderator,
            is_established=bool(found),
            estimate=places[0],
            p_value=p_values[0],
            against=[Sentence("breaks")] * bool(found),
        )


def interaction_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield every model's measure of interaction (Friedman and Popescu 2008), which establishes nothing.

    Estimated from noisy predictions it is above zero even where there is no interaction. The test is the
    debiased slope of the product, the form ``interaction`` of debiased effects.
    """
    for row in run.rows(INTERACTIONS):
        if (
            row.is_done
            and (row.outcome, row.measure) == (outcome, "friedman_h")
            and math.isfinite(row.estimate)
        ):
            estimate = row.estimate, row.conf_low, row.conf_high
            exposure = run.manifest.study.exposure_of(row.scenario)
            place = {"exposure": exposure, "moderator": row.moderator}
            told = Sentence("friedman_h", place | {"h": estimate})
            yield finding(
                "interaction",
                told if row.estimate > NO_H else Sentence("no_interaction", place),
                outcome=outcome,
                estimator=row.estimator,
                about=f"{row.scenario}: {row.moderator}",
                is_established=False,
                estimate=estimate,
            )
