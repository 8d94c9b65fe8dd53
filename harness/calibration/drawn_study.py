"""A study on one panel whose truth is known: the run on it, and what is counted of its findings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.random import Generator

from harness.arrays import Floats, Grouping, Ints
from harness.calibration.findings import CONDITIONAL_GAIN, KINDS, LOSS, VERDICT, band_finding
from harness.calibration.findings import GAIN as SINGLE_GAIN
from harness.calibration.memory import run_in_memory
from harness.data.panel import Panel, SplitUnit
from harness.data.rules import RowFilter
from harness.estimators.guard import Status
from harness.findings.checks import checks_passed
from harness.findings.lines import SIMULTANEOUS
from harness.findings.run import Rule, Run
from harness.findings.table import RULES, findings_of, rests_on_too_few
from harness.record.manifest import Manifest
from harness.rng import random_stream
from harness.running.plan import PanelSource
from harness.running.prepare import Prepared
from harness.scenarios.full_fit import FullResult
from harness.study.variation import ROBUSTNESS
from harness.tables.decision import ABOVE, BELOW, CONDITIONAL
from harness.tables.findings import FindingRow
from harness.tables.gain import GAIN
from harness.tables.table import grouped
from harness.tables.variations import VARIATION_EFFECTS

# How far the mean over drawn panels of a share or a correlation may be from the data for it to be kept.
NEAR = 0.05

# Features by name, with how far they may be from the data; of the kurtosis as a share of it.
TOLERANCES: Mapping[str, float] = {
    "share_entity": NEAR,
    "share_period": NEAR,
    "share_remainder": NEAR,
    "autocorrelation": NEAR,
    "correlation_between_entities": NEAR,
    "kurtosis": 0.1,
    "missing_rows": 0.0,
}

# Largest coefficient of the autoregression of period shocks.
MOST_PERSISTENT = 0.95


@dataclass(frozen=True, eq=False)
class Cells:
    """Which entity and which period every row is of."""

    entity: Grouping
    period: Grouping

    @classmethod
    def of(cls, panel: Panel) -> Cells:
        """Return the cells of a panel's rows; periods without a row do not count."""
        return cls(Grouping.of(panel.entity.codes), Grouping.of(panel.period))

    def matrix(self, values: Floats) -> Floats:
        """Return values as (n_entities, n_periods), zero where there is no row."""
        filled = np.zeros((self.entity.n_levels, self.period.n_levels))
        filled[self.entity.codes, self.period.codes] = values
        return filled


@dataclass(frozen=True, eq=False)
class ErrorParts:
    """Values of rows as a sum of three parts.

    Attributes
    ----------
    level : (n_entities,), of entities
    shock : (n_periods,), of periods, with mean zero
    remainder : (n_obs,), the residual; its means over entities and over periods are zero
    """

    cells: Cells
    level: Floats
    shock: Floats
    remainder: Floats


def error_parts(values: Floats, cells: Cells) -> ErrorParts:
    """Split values, (n_obs,), into the least squares effects of entities and periods, and the remainder."""
    present = cells.matrix(np.ones(values.size))
    rows = present.sum(axis=1)
    within = values - _means(values, cells.entity)[cells.entity.codes]
    normal = np.diag(present.sum(axis=0)) - present.T @ (present / rows[:, None])
    sums = cells.period.sums(within)
    shock = np.linalg.lstsq(normal, sums)[0]
    shock = np.asarray(shock - shock.mean())
    level = _means(values - shock[cells.period.codes], cells.entity)
    return ErrorParts(cells, level, shock, values - level[cells.entity.codes] - shock[cells.period.codes])


def shock_response(parts: ErrorParts) -> Floats:
    """Return what period shocks like these are drawn from.

    Remainders with signs by entity have period means too, where those of the data have none, so shocks are
    scaled: variances of period means of shock and remainder together are, in expectation, those of the data.
    Where the remainders alone reach it, there are no shocks.

    Returns
    -------
    (n_periods, n_periods), of every period's shock to the sign of every innovation.
    """
    shock, cells = parts.shock, parts.cells
    before = float(shock[:-1] @ shock[:-1])
    persistence = float(shock[1:] @ shock[:-1]) / before if before > 0 else 0.0
    persistence = min(max(persistence, 0.0), MOST_PERSISTENT)
    innovations = shock - persistence * np.concatenate([[0.0], shock[:-1]])
    lag = np.subtract.outer(np.arange(shock.size), np.arange(shock.size))
    response = np.where(lag >= 0, persistence ** np.maximum(lag, 0), 0.0) * innovations
    of_data = _means(parts.remainder + shock[cells.period.codes], cells.period)
    of_remainder = cells.matrix(parts.remainder) / cells.period.sizes
    wanted = _about_mean(of_data[:, None]) - _about_mean(of_remainder.T)
    expected = _about_mean(response)
    scale = np.sqrt(max(wanted, 0.0) / expected) if expected > 0 else 0.0
    return np.asarray(response * scale)


def _about_mean(columns: Floats) -> float:
    """Return the sum of squares of columns about their means."""
    return float(((columns - columns.mean(axis=0)) ** 2).sum())


def _means(values: Floats, groups: Grouping) -> Floats:
    return np.asarray(groups.sums(values) / groups.sizes)


@dataclass(frozen=True, eq=False)
class LinearTruth:
    """A linear truth fitted to a panel.

    Attributes
    ----------
    panel : the panel it was fitted to
    effect : of the exposure, outcome units per unit of exposure, or of any level but the base
    systematic : (n_obs,), what the other regressors predict, entities' means of them included
    parts : the residuals, of entities, periods and rows
    """

    panel: Panel
    effect: float
    systematic: Floats
    parts: ErrorParts

    @property
    def unexplained(self) -> Floats:
        """What regressors do not predict of the data, (n_obs,)."""
        parts = self.parts
        return parts.level[parts.cells.entity.codes] + parts.shock[parts.cells.period.codes] + parts.remainder

    def draw(self, rng: Generator) -> DrawnTruth:
        """Draw an outcome."""
        cells = self.parts.cells
        signs = rng.choice([-1.0, 1.0], size=(2, cells.entity.n_levels))
        level = (signs[0] * self.parts.level)[cells.entity.codes]
        response = shock_response(self.parts)
        shock = (response @ rng.choice([-1.0, 1.0], size=len(response)))[cells.period.codes]
        remainder = signs[1][cells.entity.codes] * self.parts.remainder
        without = self.systematic + level + shock
        return DrawnTruth(
            observed=without + self.effect * exposure_of(self.panel) + remainder,
            unexplained=level + shock + remainder,
            mean_without_exposure=float(without.mean()),
            effect=self.effect,
        )


@dataclass(frozen=True, eq=False)
class DrawnTruth:
    """An outcome drawn from a linear truth.

    Attributes
    ----------
    observed : (n_obs,)
    unexplained : (n_obs,), what regressors do not predict of it
    mean_without_exposure : mean expected outcome were the exposure zero in all rows, given the levels of the
        entities and the shocks of the periods
    effect : of the exposure
    """

    observed: Floats
    unexplained: Floats
    mean_without_exposure: float
    effect: float

    def curve(self, at: Floats) -> Floats:
        """Return the true net effect curve at exposures, (n_grid,)."""
        return self.mean_without_exposure + self.effect * at


def fit_linear_truth(panel: Panel, *, effect: float) -> LinearTruth:
    """Fit a linear truth to a panel by the within estimator of Mundlak (1978).

    Parameters
    ----------
    effect : what the exposure's effect is to be, of levels that of any but the base; 0 removes it, with
        everything that follows from the exposure
    """
    follows = panel.dependents(panel.exposure)
    others = [at for at, name in enumerate(panel.columns) if name not in follows]
    centred, cells = panel.X[:, others] - panel.X[:, others].mean(axis=0), Cells.of(panel)
    deviation = centred.std(axis=0)
    Z = np.asarray(centred / np.where(deviation > 0, deviation, 1.0))
    weight = np.sqrt(cells.entity.sizes)
    means = np.column_stack([np.ones(weight.size), *(_means(z, cells.entity) for z in Z.T)])
    outcome = panel.observed - effect * exposure_of(panel)
    within = Z - means[:, 1:][cells.entity.codes]
    slopes = np.linalg.lstsq(within, outcome - _means(outcome, cells.entity)[cells.entity.codes])[0]
    parts = error_parts(outcome - Z @ slopes, cells)
    shared = means @ np.linalg.lstsq(means * weight[:, None], parts.level * weight)[0]
    return LinearTruth(
        panel=panel,
        effect=effect,
        systematic=Z @ slopes + shared[cells.entity.codes],
        parts=replace(parts, level=parts.level - shared),
    )


def exposure_of(panel: Panel) -> Floats:
    """Return the exposure, (n_obs,); of a categorical one 1 in all rows but those of the base."""
    exposure = panel.column(panel.exposure)
    return (exposure > 0.0).astype(np.float64) if panel.levels else exposure


def features(unexplained: Floats, cells: Cells) -> Mapping[str, float]:
    """Return the features of what regressors do not predict, (n_obs,).

    Returns
    -------
    Shares of the variance of entities, periods and remainders; of errors less their entity's mean the
    first-order autocorrelation between consecutive periods, the mean correlation of two entities in a period
    and the kurtosis (3 for a normal distribution); the share of pairs of entity and period without a row. NaN
    where a feature is not defined.
    """
    parts = error_parts(unexplained, cells)
    of_rows = (parts.level[cells.entity.codes], parts.shock[cells.period.codes], parts.remainder)
    variances = np.array([float(part.var()) for part in of_rows])
    whole = variances.sum()
    shares = variances / whole if whole > 0 else np.full(3, np.nan)
    errors = unexplained - _means(unexplained, cells.entity)[cells.entity.codes]
    variance = float(errors.var())
    known = {"missing_rows": 1.0 - errors.size / (cells.entity.n_levels * cells.period.n_levels)}
    known |= dict(zip(("share_entity", "share_period", "share_remainder"), shares.tolist(), strict=True))
    if variance <= 0:
        return dict.fromkeys(TOLERANCES, np.nan) | known
    wide, present = cells.matrix(errors), cells.matrix(np.ones(errors.size))
    both = (present[:, 1:] * present[:, :-1]).astype(bool)
    now, before = wide[:, 1:][both], wide[:, :-1][both]
    size = float(np.sqrt((now**2).sum() * (before**2).sum()))
    known["autocorrelation"] = float(now @ before) / size if size > 0 else np.nan
    sums = cells.period.sums(errors)
    rows = cells.period.sizes
    pairs = float((rows * (rows - 1)).sum())
    products = float((sums**2).sum() - (errors**2).sum())
    known["correlation_between_entities"] = products / pairs / variance if pairs > 0 else np.nan
    known["kurtosis"] = float((errors**4).mean()) / variance**2
    return {name: known[name] for name in TOLERANCES}


COLUMNS = ["outcome", "estimator", "protocol", "finding", "found"]

# What is counted of a gain under one protocol, by the decision on it.
GAIN_DECISIONS = {SINGLE_GAIN: ABOVE, LOSS: BELOW, CONDITIONAL_GAIN: CONDITIONAL}


def single_gains(tested: pd.DataFrame) -> pd.DataFrame:
    """Return of every single gain which of `GAIN_DECISIONS` was made."""
    key = tested[["outcome", "estimator", "protocol"]]
    made = {name: (tested["decision"] == one).astype(float) for name, one in GAIN_DECISIONS.items()}
    return pd.concat([key.assign(finding=name, found=own) for name, own in made.items()])


def curve_findings(full: FullResult, drawn: Mapping[str, DrawnTruth]) -> pd.DataFrame:
    """Return how much of the true curve and slope the study's bands cover."""
    truth = drawn[full.outcome]
    rows = []
    for scenario, answer in full.answers.items():
        curves = (answer.value or {}).get("curves")
        if curves is None:
            continue
        known = curves[curves["supported"].astype(bool)]
        for (kind, band), own in known.groupby(["kind", "band"], sort=False):
            if kind not in ("level", "slope"):
                continue
            at = own["at"].to_numpy()
            true = truth.curve(at) if kind == "level" else np.full(at.size, truth.effect)
            covered = (own["conf_low"].to_numpy() <= true) & (true <= own["conf_high"].to_numpy())
            share = float(covered.all()) if band == SIMULTANEOUS else float(covered.mean())
            rows.append((full.outcome, full.estimator, scenario, band_finding(str(kind), str(band)), share))
    return pd.DataFrame(rows, columns=COLUMNS)


def kinds_found(run: Run, rules: Sequence[Rule] = RULES) -> pd.DataFrame:
    """Return which kinds of findings are significant.

    Returns
    -------
    `COLUMNS`: a row for each outcome, estimator and kind looked for, with an empty protocol; found is 1.0
    where any finding of the kind is significant, else 0.0, and those that rest on too few entities to be
    significant on any panel are left out. Gains are those over the study's reference, where any protocol
    keeps test rows apart.
    """
    study = run.manifest.study
    tests_gains = any(protocol.keeps_test_rows_apart for protocol in study.protocols)
    rows = [
        (one.outcome, one.estimator, "", one.finding, float(_is_counted(one)))
        for one in findings_of(run, rules)
        if one.finding in KINDS and not rests_on_too_few(one)
        if one.finding != VERDICT or (tests_gains and one.estimator and one.about == study.reference)
    ]
    return pd.DataFrame(rows, columns=COLUMNS).groupby(COLUMNS[:4], sort=False, as_index=False).max()


def _is_counted(row: FindingRow) -> bool:
    """Return whether a finding says that something is there; a gain says so where it is one, and no loss."""
    return row.is_established and (row.finding != "gain" or row.decision == ABOVE)


def checks_found(run: Run) -> pd.DataFrame:
    """Return whether all robustness checks of each outcome and learner agree, and confirm the slope."""
    checks = run.rows(VARIATION_EFFECTS, list=ROBUSTNESS)
    rows = [
        (*place, "", name, float(passed))
        for place, own in grouped(checks, "outcome", "learner").items()
        for name, passed in checks_passed(own, level=run.manifest.study.level).items()
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


@dataclass(frozen=True, eq=False)
class DrawnPanels:
    """The study's panels with drawn outcomes.

    Attributes
    ----------
    source : of the panels
    observed : (n_obs,), by outcome
    """

    source: PanelSource
    observed: Mapping[str, Floats]

    def panel(self, outcome: str, *, fit_rows: Ints | None = None, split_unit: SplitUnit = "entity") -> Panel:
        """Return the panel of one outcome, drawn."""
        panel = self.source.panel(outcome, fit_rows=fit_rows, split_unit=split_unit)
        return replace(panel, observed=self.observed[outcome])

    def rows(self, rules: Mapping[str, RowFilter]) -> Ints:
        """Return the positions of the rows that all rules keep."""
        return self.source.rows(rules)


@dataclass(frozen=True, eq=False)
class Findings:
    """What a study found on one drawn panel.

    Attributes
    ----------
    effect : true effect of the exposure in it
    table : outcome, estimator, protocol, finding, and whether (or on what share of the curve) it was found
    features : of what regressors do not predict, by outcome and feature
    """

    effect: float
    table: pd.DataFrame
    features: Mapping[str, Mapping[str, float]]
    label: str
    status: Status = "ok"


@dataclass(frozen=True, eq=False)
class DrawnStudy:
    """A study on one drawn panel, ready to run in any process.

    Attributes
    ----------
    prepared : the study
    manifest : of the study
    truths : by outcome
    number : of the panel; panels of a number have the same errors, whatever the effect is
    effect : true effect of the exposure, as all truths have it
    apart : returns a task, or what keeps it from sharing this process
    rules : on the tables of the study
    """

    prepared: Prepared
    manifest: Manifest
    truths: Mapping[str, LinearTruth]
    effect: float
    number: int
    apart: Callable[[Any], Any]
    rules: tuple[Rule, ...]

    @property
    def label(self) -> str:
        """Name of the panel, for progress."""
        return f"panel {self.number}" + (f", effect {self.effect:g}" if self.effect else "")

    def run(self) -> Findings:
        """Draw the outcomes, run the study on them and compare what it finds with the truth."""
        plan = self.prepared.plan
        root = plan.study.seed
        drawn = {
            outcome: truth.draw(random_stream(root, "calibrate", outcome, self.number))
            for outcome, truth in self.truths.items()
        }
        panels = DrawnPanels(plan.panels, {outcome: truth.observed for outcome, truth in drawn.items()})
        seed = {"seed": int(random_stream(root, "calibrate", self.number).integers(2**62))}
        plan = replace(plan, panels=panels, study=plan.study.model_copy(update=seed))
        run, results = run_in_memory(replace(self.prepared, plan=plan), self.manifest, self.apart)
        gains = run.frame(GAIN.name)
        is_tested = (gains["sample"] == "test") & (gains["reference"] == plan.study.evaluation.reference)
        found = [single_gains(gains[is_tested]), *(curve_findings(full, drawn) for full in results.fulls)]
        found.append(kinds_found(run, self.rules))
        found.append(checks_found(run))
        kept = {
            outcome: features(drawn[outcome].unexplained, truth.parts.cells)
            for outcome, truth in self.truths.items()
        }
        return Findings(self.effect, pd.concat(found, ignore_index=True), kept, self.label)
