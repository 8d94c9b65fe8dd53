"""The table of findings of a run, from its other tables alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from importlib import import_module

from harness.findings.finding import with_caveats
from harness.findings.rule import Rule
from harness.findings.rules import caution, gain
from harness.findings.run import Run
from harness.record.manifest import StudyRecord
from harness.tables import heterogeneity
from harness.tables.accuracy import CHOSEN
from harness.tables.coefficients import COEFFICIENTS
from harness.tables.curves import CURVES, TURNING_POINTS
from harness.tables.effects import EFFECT_TESTS, EFFECTS, MEDIATION
from harness.tables.findings import ERROR_RATES, ErrorRateRow, FindingRow
from harness.tables.gain import RECOGNITION
from harness.tables.preparation import WARNINGS
from harness.tables.table import ResultTable
from harness.tables.variations import VARIATION_GAINS

# Of the rules that make findings. Raised where the same tables give another row than before.
RULES_VERSION = 2

# Kinds of finding without an estimator that are given effects of entities.
DEBIASED = ("effect", "mediation", "interaction", "nonlinearity")

# Codes of what the first screen says of debiased effects and of those by regression where none of another
# kind is the headline.
BEHIND_HEADLINES = frozenset(
    {
        *("debiased_effect", "no_effect", "within_effect", "other_method"),
        *("signs_differ", "fragile", "weak_selection", "pooled_differs"),
        *("little_residual_variation", "weak_instruments"),
    }
)

# Kinds of what an estimator predicts; where it has none, it is of no model.
OF_MODELS = frozenset({"model_curve", "turning_point", "contrast", "group_difference", "sign_change"})


def _rule(topic: str, function: str, *tables: ResultTable) -> Rule:
    """Return a rule of the harness, whose module is imported when it is asked."""
    find = partial(_find, topic, function)
    return Rule(function.removesuffix("_findings"), find, tuple(table.name for table in tables))


def _find(topic: str, function: str, run: Run, outcome: str) -> Iterator[FindingRow]:
    rule = getattr(import_module(f"harness.findings.rules.{topic}"), function)
    yield from rule(run, outcome)


# The harness's own, in the order of their findings on an outcome.
RULES: tuple[Rule, ...] = (
    _rule("gain", "gain_findings"),
    _rule("headline", "headline_findings", COEFFICIENTS, MEDIATION),
    _rule("effect", "debiased_findings", EFFECTS),
    _rule("effect", "mediation_findings", MEDIATION),
    _rule("effect", "linearity_findings", EFFECT_TESTS),
    _rule("curve", "model_curve_findings", CURVES),
    _rule("curve", "turning_point_findings", TURNING_POINTS),
    _rule("contrast", "contrast_findings", heterogeneity.CONTRASTS),
    _rule("contrast", "group_findings", heterogeneity.HETEROGENEITY_DIFFERENCES),
    _rule("moderator", "sign_change_findings", heterogeneity.CONDITIONAL_EFFECTS),
    _rule("moderator", "threshold_findings", heterogeneity.THRESHOLDS),
    _rule("moderator", "interaction_findings", heterogeneity.INTERACTIONS),
    _rule("within", "within_findings"),
    _rule("effect", "sign_findings", EFFECTS),
    _rule("effect", "sensitivity_findings", EFFECTS),
    _rule("effect", "weak_findings", EFFECTS),
    _rule("effect", "doubt_findings", EFFECTS),
    _rule("gain", "recognition_findings", RECOGNITION),
    _rule("within", "pooled_findings", COEFFICIENTS),
    _rule("caution", "note_findings", WARNINGS),
    _rule("caution", "refusal_findings"),
    _rule("gain", "error_findings"),
    _rule("multiverse", "multiverse_findings", VARIATION_GAINS),
    _rule("gain", "chosen_findings", CHOSEN),
)


def findings_of(run: Run, rules: Sequence[Rule] = RULES) -> tuple[FindingRow, ...]:
    """Return every finding of a run without its text, outcome by outcome, then those on the study.

    Each has the error rate that the run was given.
    """
    rows = [
        *(
            row
            for outcome in run.manifest.study.outcomes
            for row in led([row for rule in rules for row in rule.findings(run, outcome)])
        ),
        *caution.study_findings(run),
    ]
    qualified_rows = (qualified(run, row) for row in rows)
    return tuple(with_error_rates(qualified_rows, run.rows(ERROR_RATES), study=run.manifest.study))


def led(rows: Sequence[FindingRow]) -> Iterator[FindingRow]:
    """Yield the rows of one outcome, the first screen without what its headline effect comes before.

    A headline without a number says why, and leaves there what came first without it.
    """
    has_headline = any(row.code == "identified_effect" and row.screen == "effect" for row in rows)
    for row in rows:
        is_behind = row.code in BEHIND_HEADLINES and not (row.finding == "caution" and row.estimator)
        yield replace(row, screen="none") if has_headline and is_behind else row


def qualified(run: Run, row: FindingRow) -> FindingRow:
    """Return a finding with what stands against all of its kind.

    What a model predicts is no effect. Where the outcome's own lag is next to entity effects both are biased;
    debiased effects, which no estimator has, take these effects out by whatever method.
    """
    if row.estimator and row.finding in OF_MODELS:
        from harness.findings.rules.curve import OfAModel

        row = with_caveats(row, [OfAModel()])
    entry = next((entry for entry in run.manifest.study.estimators if entry.id == row.estimator), None)
    takes_out = entry.goes_by_within if entry else row.finding in DEBIASED
    caveat = gain.nickell(run, row.outcome) if takes_out else None
    return with_caveats(row, [caveat]) if caveat else row


def with_error_rates(
    findings: Iterable[FindingRow], rates: Iterable[ErrorRateRow], *, study: StudyRecord
) -> Iterator[FindingRow]:
    """Yield findings with their error rates.

    A rate of the outcome, estimator and finding itself comes before that of its kind, see
    `harness.findings.rules.gain.kind_of`. A gain over another than the study's reference has the latter
    alone, since calibrations compare with this one.
    """
    rate_of = {(one.outcome, one.estimator, one.finding): one.error_rate for one in rates}
    for row in findings:
        is_other = row.finding == "gain" and row.about != study.reference
        keys = (
            (row.outcome, row.estimator, "" if is_other else row.finding),
            (row.outcome, "", gain.kind_of(row, study)),
        )
        key = next((key for key in keys if key in rate_of), None)
        if key is None:
            yield row
        else:
            yield replace(row, error_rate=rate_of[key], rate_of="/".join(key))
