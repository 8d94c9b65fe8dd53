"""The table of findings of a run, from its other tables alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import Final, Literal

from harness.findings.families import HEADLINES, adjusted
from harness.findings.finding import caveats_of, with_caveats
from harness.findings.rules import caution
from harness.findings.run import Rule, Run
from harness.record.manifest import StudyRecord
from harness.tables import heterogeneity
from harness.tables.accuracy import CHOSEN
from harness.tables.coefficients import COEFFICIENTS, TRANSFORMED
from harness.tables.curves import CURVES, TURNING_POINTS
from harness.tables.effects import AGREEMENT, EFFECT_TESTS, EFFECTS, MEDIATION
from harness.tables.findings import ERROR_RATES, ErrorRateRow, FindingRow
from harness.tables.gain import RECOGNITION
from harness.tables.preparation import WARNINGS
from harness.tables.table import ResultTable
from harness.tables.variations import VARIATION_GAINS

# Of the rules that make findings. Raised where the same tables give another row than before.
RULES_VERSION = 5

# Kinds of finding without an estimator that are given effects of entities.
DEBIASED = ("effect", "mediation", "interaction", "nonlinearity")

# Codes of what the first screen says of debiased effects and of those by regression where none of another
# kind is the headline.
BEHIND_HEADLINES = frozenset(
    {
        *("debiased_effect", "no_effect", "within_effect", "other_method"),
        *("signs_differ", "fragile", "weak_selection", "pooled_differs", "for_whom"),
        *("little_residual_variation", "weak_instruments"),
    }
)

# Kinds of what an estimator predicts; where it has none, it is of no model.
OF_MODELS = frozenset(
    {"model_curve", "turning_point", "contrast", "group_difference", "sign_change", "for_whom"}
)


# Of estimators by what a curve of theirs rests on: linear ones that pool entities, those that go by changes
# within entities, and all others.
EstimatorClass = Literal["pooled", "within", "learner"]
CLASSES: Final[tuple[EstimatorClass, ...]] = ("pooled", "within", "learner")

# Kinds of what an estimator predicts, with rates by its class; that a curve bends is a nonlinearity.
OF_CLASSES: Final = ("model_curve", "bend", "turning_point", "group_difference", "contrast", "sign_change")

# Cautions that rest on an estimate, and may be false; others state a count or a fact.
ESTIMATED_CAUTIONS = frozenset({"skewed", "little_residual_variation", "weak_instruments"})

# Against findings that rest on fewer entities or clusters than any can be established with.
TOO_FEW = frozenset({"few_entities", "few_clusters"})


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
    _rule("headline", "headline_findings", COEFFICIENTS, TRANSFORMED, MEDIATION),
    _rule("effect", "debiased_findings", EFFECTS),
    _rule("mediation", "mediation_findings", MEDIATION),
    _rule("linearity", "linearity_findings", EFFECT_TESTS),
    _rule("curve", "model_curve_findings", CURVES),
    _rule("curve", "turning_point_findings", TURNING_POINTS),
    _rule("contrast", "contrast_findings", heterogeneity.CONTRASTS),
    _rule("contrast", "group_findings", heterogeneity.HETEROGENEITY_DIFFERENCES),
    _rule("moderator", "sign_change_findings", heterogeneity.CONDITIONAL_EFFECTS),
    _rule("moderator", "threshold_findings", heterogeneity.THRESHOLDS),
    _rule("moderator", "interaction_findings", heterogeneity.INTERACTIONS),
    _rule("within", "within_findings"),
    _rule("sign", "sign_findings", EFFECTS),
    _rule("sensitivity", "sensitivity_findings", EFFECTS),
    _rule(
        *("for_whom", "for_whom_findings"),
        *(heterogeneity.HETEROGENEITY_DIFFERENCES, heterogeneity.CONDITIONAL_EFFECTS),
    ),
    _rule("effect", "weak_findings", EFFECTS),
    _rule("agreement", "agreement_findings", AGREEMENT),
    _rule("recognition", "recognition_findings", RECOGNITION),
    _rule("within", "pooled_findings", COEFFICIENTS),
    _rule("caution", "note_findings", WARNINGS),
    _rule("caution", "unit_root_findings", EFFECT_TESTS),
    _rule("caution", "refusal_findings"),
    _rule("lowest_error", "error_findings"),
    _rule("multiverse", "multiverse_findings", VARIATION_GAINS),
    _rule("choice", "chosen_findings", CHOSEN),
)


def findings_of(run: Run, rules: Sequence[Rule] = RULES) -> tuple[FindingRow, ...]:
    """Return every finding of a run without its text, outcome by outcome, then those on the study.

    Each has the error rate that the run was given.
    """
    study = run.manifest.study
    on_outcomes = [
        row
        for outcome in study.outcomes
        for row in led([row for rule in rules for row in rule.findings(run, outcome)])
    ]
    rows = (*adjusted(on_outcomes, study), *caution.study_findings(run))
    qualified_rows = (qualified(run, row) for row in rows)
    return tuple(with_error_rates(qualified_rows, run.rows(ERROR_RATES), study=study))


def led(rows: Sequence[FindingRow]) -> Iterator[FindingRow]:
    """Yield the rows of one outcome, the first screen without what its headline effect comes before.

    A headline without a number says why, and leaves there what came first without it. The coefficient of a
    regression gives way where debiased methods differ and there are groups: there is room for three.
    """
    effects = {row.code for row in rows if row.screen == "effect"}
    behind = BEHIND_HEADLINES if "identified_effect" in effects else frozenset[str]()
    if effects >= {"other_method", "for_whom"}:
        behind |= {"within_effect"}
    for row in rows:
        is_behind = row.code in behind and not (row.finding == "caution" and row.estimator)
        yield replace(row, screen="none") if is_behind else row


def qualified(run: Run, row: FindingRow) -> FindingRow:
    """Return a finding with what stands against all of its kind.

    What a model predicts is no effect. Where the outcome's own lag is next to entity effects both are biased;
    debiased effects, which no estimator has, take these effects out by whatever method.
    """
    from harness.findings.rules.within import nickell

    if row.estimator and row.finding in OF_MODELS:
        from harness.findings.rules.curve import OfAModel

        row = with_caveats(row, [OfAModel()])
    entry = next((entry for entry in run.manifest.study.estimators if entry.id == row.estimator), None)
    takes_out = entry.goes_by_within if entry else row.finding in DEBIASED
    caveat = nickell(run, row.outcome) if takes_out else None
    roots = caution.unit_roots(run, row.outcome) if row.code in HEADLINES else ()
    return with_caveats(row, (*filter(None, [caveat]), *roots))


def with_error_rates(
    findings: Iterable[FindingRow], rates: Iterable[ErrorRateRow], *, study: StudyRecord
) -> Iterator[FindingRow]:
    """Yield findings with their error rates.

    A rate of the outcome, estimator and finding itself comes before that of its kind, see
    `kind_of`. A gain over another than the study's reference has the latter
    alone, since calibrations compare with this one.
    """
    rate_of = {(one.outcome, one.estimator, one.finding): one.error_rate for one in rates}
    for row in findings:
        is_other = row.finding == "gain" and row.about != study.reference
        keys = (
            (row.outcome, row.estimator, "" if is_other else row.finding),
            (row.outcome, "", kind_of(row, study)),
        )
        key = next((key for key in keys if key in rate_of), None)
        if key is None:
            yield row
        else:
            yield replace(row, error_rate=rate_of[key], rate_of="/".join(key))


def rests_on_too_few(row: FindingRow) -> bool:
    """Return whether a finding is untested: there are too few entities or clusters to establish any."""
    return any(code in TOO_FEW for code, _ in caveats_of(row))


def class_of(estimator: str, study: StudyRecord) -> EstimatorClass:
    """Return the class of an estimator of a study, by its id."""
    entry = next((one for one in study.estimators if one.id == estimator), None)
    if entry is not None and entry.goes_by_within:
        return "within"
    is_pooled = any(one.estimator == estimator and one.identifies == "pooled" for one in study.headline)
    return "pooled" if is_pooled else "learner"


def kind_of(row: FindingRow, study: StudyRecord) -> str:
    """Return the kind by which simulated shapes have rates of a finding; empty where they have none."""
    kind = row.finding
    if kind == "gain" and row.about != study.reference:
        knows = any(entry.has_entity_effects for entry in study.estimators if entry.id == row.about)
        return "gain_over_fixed_effects" if knows else ""
    if kind == "effect":
        return "primary_effect" if row.is_primary else "secondary_effect"
    if kind == "headline":
        first = next((one.identifies for one in study.headline), "")
        return "within_effect" if first == "within" else f"headline_{first}"
    if kind in ("did", "impact"):
        is_average = kind == "impact" or row.code == "did_average"
        return f"headline_{'spatial_impacts' if kind == 'impact' else 'staged_treatment'}" * is_average
    if kind == "caution":
        return kind if row.code in ESTIMATED_CAUTIONS else ""
    if kind == "lowest_error":
        new = {one.id for one in study.protocols if one.keeps_test_rows_apart and not one.knows_entities}
        return kind if row.about in new or row.code == "lowest_errors" else ""
    if row.estimator and kind in ("nonlinearity", "interaction"):
        kind = "bend" if kind == "nonlinearity" else ""  # Friedman's H establishes no interaction
    return f"{kind}_{class_of(row.estimator, study)}" if kind in OF_CLASSES and row.estimator else kind
