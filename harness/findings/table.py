"""The table of findings of a run, from its other tables alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from importlib import import_module
from typing import Any

import pandas as pd

from harness.findings.gain import error_findings, gain_findings, kind_of, nickell
from harness.findings.run import Run
from harness.record.manifest import StudyRecord
from harness.tables import heterogeneity
from harness.tables.curves import CURVES, TURNING_POINTS
from harness.tables.effects import EFFECT_TESTS, EFFECTS, MEDIATION
from harness.tables.findings import ERROR_RATES, FINDINGS, ErrorRateRow, FindingRow
from harness.tables.table import NAN, TypedTable
from harness.text.sentences import Sentence, with_caveats, worded

# Of the rules that make findings. Raised where the same tables give another row than before.
RULES_VERSION = 1

# Kinds of finding without an estimator that are given effects of entities.
DEBIASED = ("effect", "mediation", "interaction", "nonlinearity")

# Kinds of what an estimator predicts; where it has none, it is of no model.
OF_MODELS = frozenset({"model_curve", "turning_point", "contrast", "group_difference", "sign_change"})

# Module and function of what finds in the rows of a table, in the order of the verdict, after the gains; it
# is imported where the table has rows.
RULES: Mapping[TypedTable[Any], tuple[str, str]] = {
    EFFECTS: ("debiased", "debiased_findings"),
    MEDIATION: ("debiased", "mediation_findings"),
    EFFECT_TESTS: ("curves", "linearity_findings"),
    CURVES: ("curves", "model_curve_findings"),
    TURNING_POINTS: ("curves", "turning_point_findings"),
    heterogeneity.CONTRASTS: ("curves", "contrast_findings"),
    heterogeneity.HETEROGENEITY_DIFFERENCES: ("curves", "group_findings"),
    heterogeneity.CONDITIONAL_EFFECTS: ("curves", "sign_change_findings"),
    heterogeneity.THRESHOLDS: ("curves", "threshold_findings"),
    heterogeneity.INTERACTIONS: ("curves", "interaction_findings"),
}


def established(run: Run) -> Iterator[FindingRow]:
    """Yield every finding that may be established, outcome by outcome, without its text."""
    for outcome in run.manifest.study.outcomes:
        yield from _found(run, outcome)


def _found(run: Run, outcome: str) -> Iterator[FindingRow]:
    yield from gain_findings(run, outcome)
    for table, (module, rule) in RULES.items():
        if run.rows(table):
            yield from getattr(import_module(f"harness.findings.{module}"), rule)(run, outcome)


def findings_table(run: Run) -> pd.DataFrame:
    """Return every finding of a run, outcome by outcome, with the error rates that the run was given."""
    study = run.manifest.study
    found = (
        worded(qualified(run, row), study)
        for outcome in study.outcomes
        for row in (*_found(run, outcome), *error_findings(run, outcome))
    )
    rows = list(with_error_rates(found, run.rows(ERROR_RATES), study=study))
    return pd.DataFrame({name: [getattr(row, name) for row in rows] for name in FINDINGS.columns})


def qualified(run: Run, row: FindingRow) -> FindingRow:
    """Return a finding with what stands against all of its kind.

    What a model predicts is no effect. Where the outcome's own lag is next to entity effects both are biased;
    debiased effects, which no estimator has, take these effects out by whatever method.
    """
    if row.estimator and row.finding in OF_MODELS:
        row = with_caveats(row, [Sentence("of_a_model")])
    entry = next((entry for entry in run.manifest.study.estimators if entry.id == row.estimator), None)
    takes_out = entry.goes_by_within if entry else row.finding in DEBIASED
    caveat = nickell(run, row.outcome) if takes_out else None
    return with_caveats(row, [caveat]) if caveat else row


def with_error_rates(
    findings: Iterable[FindingRow], rates: Iterable[ErrorRateRow], *, study: StudyRecord
) -> Iterator[FindingRow]:
    """Yield findings with their error rates.

    A rate of the outcome, estimator and finding itself comes before that of its kind, see `kind_of`. A gain
    over another than the study's reference has the latter alone, since calibrations compare with this one.
    """
    rate_of = {(one.outcome, one.estimator, one.finding): one.error_rate for one in rates}
    for row in findings:
        other = row.finding == "gain" and row.about != study.reference
        own = (row.outcome, row.estimator, "" if other else row.finding)
        of_kind = (row.outcome, "", kind_of(row, study))
        yield replace(row, error_rate=rate_of.get(own, rate_of.get(of_kind, NAN)))


def findings_in_words(run: Run) -> pd.DataFrame:
    """Return the table of findings as it is, its sentences made again in the language in use."""
    study = run.manifest.study
    rows = [worded(row, study) for row in run.rows(FINDINGS)]
    return run.frame(FINDINGS.name).assign(
        text=[row.text for row in rows], caveats=[row.caveats for row in rows]
    )
