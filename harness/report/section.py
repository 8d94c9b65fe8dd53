"""What the report says about one outcome."""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.report.comparison import Comparison, comparison
from harness.report.figures.outcome_drawings import OutcomeDrawings, draw_outcome
from harness.report.reading.decomposition import decompositions
from harness.report.reading.featured import featured
from harness.report.reading.results import Results
from harness.report.reading.run import Run
from harness.report.tables.accuracy_table import AccuracyTable, accuracy_table
from harness.report.tables.choice_table import ChoiceGroup, choice_table
from harness.report.tables.coefficient_table import CoefficientTable, coefficient_table
from harness.report.tables.decomposition_table import DecompositionTable, decomposition_table
from harness.report.tables.diagnostic_table import DiagnosticTable, diagnostic_table
from harness.report.tables.effect import Effect, effects
from harness.report.tables.network_table import SearchRow, search_table
from harness.report.tables.turning_table import TurningTableRow, turning_table
from harness.report.words.digits import decimals_for, fixed, interval, percent, plain, significant
from harness.report.words.doubts import doubts
from harness.report.words.findings import findings
from harness.report.words.origin import origin
from harness.report.words.universes import universes
from harness.report.words.verdict import lowest_error


@dataclass(frozen=True)
class EffectRow:
    """What one estimator says about the effect, in words; empty texts where it says nothing.

    Attributes
    ----------
    change : of the mean predicted outcome over the supported range of the exposure
    rising, falling : share of that range on which the slope's band lies above, below zero
    """

    label: str
    coefficient: str
    std_error: str
    interval: str
    change: str
    rising: str
    falling: str


@dataclass(frozen=True)
class EffectTable:
    """What every estimator says about the effect on one outcome.

    Attributes
    ----------
    low_at, high_at : the supported range of the exposure; empty where there is no curve
    """

    rows: tuple[EffectRow, ...]
    low_at: str
    high_at: str


@dataclass(frozen=True, eq=False)
class Section:
    """One outcome of the study.

    Attributes
    ----------
    number : from 1, for anchors and table numbers
    main : gains over the reference of the study
    further : gains over each of its further references
    doubts : what stands against a gain even where it is established
    lowest : which estimator has the lowest error, a sentence for each protocol
    findings : what is said about turning points, groups and moderators
    origin : where the gain comes from
    universes : what the multiverse says
    turning : turning points of the curves
    searches : of networks for their sizes
    without_curve : estimators that have no curve, each with the reason
    """

    number: int
    name: str
    label: str
    unit: str
    main: Comparison
    further: tuple[Comparison, ...]
    doubts: tuple[str, ...]
    lowest: tuple[str, ...]
    findings: tuple[str, ...]
    origin: tuple[str, ...]
    universes: tuple[str, ...]
    decomposition: DecompositionTable
    choices: tuple[ChoiceGroup, ...]
    errors: AccuracyTable
    effects: EffectTable
    coefficients: CoefficientTable
    diagnostics: DiagnosticTable
    turning: tuple[TurningTableRow, ...]
    searches: tuple[SearchRow, ...]
    drawings: OutcomeDrawings
    without_curve: tuple[tuple[str, str], ...]

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """Gains over every reference, that of the study first."""
        return (self.main, *self.further)


def section(results: Results, outcome: str, *, number: int) -> Section:
    """Return what the report says about one outcome."""
    study = results.run.manifest.study
    return Section(
        number=number,
        name=outcome,
        label=study.label(outcome),
        unit=study.unit(outcome),
        main=comparison(results, outcome),
        further=tuple(comparison(one, outcome) for one in results.further),
        doubts=doubts(results.gains(outcome), level=study.level),
        lowest=tuple(lowest_error(results, outcome, one) for one in study.protocols),
        findings=findings(results.run, outcome),
        origin=origin(study, decompositions(results.run.decomposition, outcome), featured(results.run)),
        universes=_universes(results.run, outcome),
        decomposition=decomposition_table(results, outcome),
        choices=choice_table(results.run, outcome),
        errors=accuracy_table(results, outcome),
        effects=_effect_table(effects(results.run, outcome)),
        coefficients=coefficient_table(results.run, outcome),
        diagnostics=diagnostic_table(results.run, outcome),
        turning=turning_table(results.run, outcome),
        searches=search_table(results.run, outcome),
        drawings=draw_outcome(results, outcome),
        without_curve=_without_curve(results, outcome),
    )


def _universes(run: Run, outcome: str) -> tuple[str, ...]:
    choices = [row for row in run.choices if row.outcome == outcome]
    return tuple(
        sentence
        for one in run.multiverses
        if one.outcome == outcome
        for sentence in universes(run.manifest.study, one, choices, run.claims)
    )


def _effect_table(found: tuple[Effect, ...]) -> EffectTable:
    curves = [one.curve for one in found if one.curve is not None]
    return EffectTable(
        rows=tuple(_effect_row(one) for one in found),
        low_at=plain(curves[0].low_at) if curves else "",
        high_at=plain(curves[0].high_at) if curves else "",
    )


def _effect_row(effect: Effect) -> EffectRow:
    coefficient, curve = effect.coefficient, effect.curve
    decimals = decimals_for([coefficient.std_error]) if coefficient else 0
    return EffectRow(
        label=effect.estimator.label,
        coefficient=fixed(coefficient.estimate, decimals) if coefficient else "",
        std_error=f"({fixed(coefficient.std_error, decimals)})" if coefficient else "",
        interval=interval(coefficient.conf_low, coefficient.conf_high, decimals) if coefficient else "",
        change=significant(curve.change, 3) if curve else "",
        rising=_share(curve.rising) if curve else "",
        falling=_share(curve.falling) if curve else "",
    )


def _share(value: float) -> str:
    return percent(value, 0) if math.isfinite(value) else ""


def _without_curve(results: Results, outcome: str) -> tuple[tuple[str, str], ...]:
    study = results.run.manifest.study
    reasons = {
        row.estimator: row.reason
        for row in results.run.curve_rows
        if row.outcome == outcome and not row.is_done
    }
    return tuple((study.estimator_label(name), reason) for name, reason in reasons.items())
