"""How often a study finds what, over panels drawn from a linear truth, and what these keep of the data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from harness.calibration.drawn_study import DrawnStudy, Findings
from harness.calibration.linear_truth import TOLERANCES, features, fit_linear_truth
from harness.calibration.rows import KINDS, VERDICT, CalibrationRow, FeatureRow
from harness.evaluation.protocol import SAME_ENTITY, TOUCHES_TEST_ROWS
from harness.record.manifest import Manifest
from harness.running.executor import execute
from harness.running.plan import Plan
from harness.running.workers import Workers
from harness.tables.findings import ERROR_RATES
from harness.tables.table import columns_of

LEVEL = 0.95
"""Of the exact binomial limits of a share."""


def feature_table(
    fitted: Mapping[str, Mapping[str, float]], drawn: Iterable[Mapping[str, Mapping[str, float]]]
) -> pd.DataFrame:
    """Return the features of the data beside those of the drawn panels.

    Parameters
    ----------
    fitted : by outcome and feature
    drawn : the same of every panel, at least one

    Returns
    -------
    Columns of `FeatureRow`: mean and standard deviation over the panels, and whether the mean is as near to
    the data as `TOLERANCES` say, given two standard errors of the mean; no for what is not defined.
    """
    panels = list(drawn)
    rows = []
    for outcome, own in fitted.items():
        for feature, value in own.items():
            values = np.array([panel[outcome][feature] for panel in panels])
            mean, deviation = float(values.mean()), float(values.std())
            size = abs(value) if feature == "kurtosis" else 1.0
            near = TOLERANCES[feature] * size + 2.0 * deviation / np.sqrt(values.size) + 1e-12
            rows.append((outcome, feature, value, mean, deviation, bool(abs(mean - value) <= near)))
    return pd.DataFrame(rows, columns=list(columns_of(FeatureRow)))


@dataclass(frozen=True)
class Truth:
    """What a calibration draws.

    Attributes
    ----------
    n_panels : >= 1, panels to draw with each effect
    effect : of the exposure, outcome units per unit of exposure, in panels next to those without one; 0 for
        none but these
    """

    n_panels: int
    effect: float

    @property
    def effects(self) -> tuple[float, ...]:
        """The true effects of the exposure: none, and where there is one `effect`."""
        return (0.0, self.effect) if self.effect else (0.0,)


@dataclass(frozen=True, eq=False)
class CalibrationTables:
    """What a calibration found.

    Attributes
    ----------
    shares : columns of `CalibrationRow`, the share of the panels with each finding, with exact binomial
        limits of coverage `LEVEL`; of a pointwise band the mean share of the curve, with limits as if each
        panel counted once
    error_rates : columns of `harness.tables.findings.ERROR_RATES`, how often findings were made on panels
        without an effect, in which everything is linear and alike in all groups. A gain over the reference
        of the study counts where a protocol hides the tested entities; elsewhere knowing them is one
    features : what the panels without an effect kept of the data, see
        `harness.calibration.table.feature_table`
    """

    shares: pd.DataFrame
    error_rates: pd.DataFrame
    features: pd.DataFrame


def calibration_tables(
    plan: Plan, manifest: Manifest, truth: Truth, *, workers: Workers, on_done: Callable[[Findings], None]
) -> CalibrationTables:
    """Repeat a study on panels drawn from a linear truth.

    Parameters
    ----------
    plan : of the study, on the user's data; folds are the same for all panels
    manifest : of the study
    on_done : called as each panel is done
    """
    truths = {
        effect: {
            outcome: fit_linear_truth(plan.panels.panel(outcome), effect=effect)
            for outcome in plan.study.roles.outcomes
        }
        for effect in truth.effects
    }
    tasks = (
        DrawnStudy(plan, manifest, truths[effect], effect, number)
        for effect in truth.effects
        for number in range(1, truth.n_panels + 1)
    )
    panels = execute(tasks, workers=workers, on_done=on_done)
    found = pd.concat(
        [panel.table.assign(effect=panel.effect, panel=panel.label) for panel in panels], ignore_index=True
    )
    keys = ["effect", "outcome", "estimator", "protocol", "finding"]
    return CalibrationTables(
        shares=pd.DataFrame(_shares(found, keys), columns=list(columns_of(CalibrationRow))),
        error_rates=_error_rates(plan, found[found["effect"] == 0.0]),
        features=feature_table(
            {outcome: features(own.unexplained, own.parts.cells) for outcome, own in truths[0.0].items()},
            [panel.features for panel in panels if panel.effect == 0.0],
        ),
    )


def _error_rates(plan: Plan, found: pd.DataFrame) -> pd.DataFrame:
    """Return how often each kind of finding was made; `found` is of panels where none is there.

    Gains have a row for all estimators together as well, for a sentence that names those with one.
    """
    kinds = set(KINDS) if hides_entities(plan) else set(KINDS) - {VERDICT}
    own = found[found["finding"].isin(kinds)]
    gains = own[own["finding"] == VERDICT]
    of_any = gains.groupby(["outcome", "finding", "panel"], sort=False, as_index=False)["found"].max()
    shares = _shares(
        pd.concat([own, of_any.assign(estimator="")], ignore_index=True), ["outcome", "estimator", "finding"]
    )
    rows = [
        {**share, "error_rate": share["share"], "n_found": round(share["share"] * share["n_panels"])}
        for share in shares
    ]
    return pd.DataFrame(rows, columns=list(ERROR_RATES.columns))


def hides_entities(plan: Plan) -> bool:
    """Return whether a protocol that keeps test rows apart tests entities that were never trained on."""
    knowing = TOUCHES_TEST_ROWS | {SAME_ENTITY.code}
    return any(
        knowing.isdisjoint(leak.code for leak in entry.protocol.leaks)
        for entry in plan.study.evaluation.protocols
    )


def _shares(found: pd.DataFrame, keys: list[str]) -> Iterator[dict[str, Any]]:
    for key, own in found.groupby(keys, sort=False)["found"]:
        share, n_panels = float(own.mean()), len(own)
        low, high = exact_limits(round(share * n_panels), n_panels)
        yield dict(zip(keys, key, strict=True)) | {
            "share": share,
            "conf_low": low,
            "conf_high": high,
            "n_panels": n_panels,
        }


def exact_limits(n_found: int, n_panels: int) -> tuple[float, float]:
    """Return the limits of a share of coverage `LEVEL` or more (Clopper and Pearson 1934)."""
    from scipy.stats import binomtest

    limits = binomtest(n_found, n_panels).proportion_ci(LEVEL, method="exact")
    return float(limits.low), float(limits.high)
