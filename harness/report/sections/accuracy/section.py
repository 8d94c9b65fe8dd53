"""The section of accuracy: gains with their p-values, and errors, by protocol and estimator."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.language import gettext, marked
from harness.record.study import ProtocolRecord
from harness.report.model.accuracy import accuracy_rows, compared_error, errors_of, refusal
from harness.report.model.gains import SYMBOLS, Gains
from harness.report.model.run import Run
from harness.report.sections.gains.comparison import GainComparison, comparisons
from harness.report.sections.section import PackagedSection, SectionContent
from harness.report.text.footnotes import Footnotes
from harness.report.text.numbers import MISSING, count, decimals_for, fixed, rounded
from harness.tables.accuracy import AccuracyRow

if TYPE_CHECKING:
    from harness.report.drawing.canvas import FigureRenderer


@dataclass(frozen=True)
class AccuracyTableRow:
    """Errors of one estimator under one protocol, in words; `mark` is of the footnote with a reason."""

    label: str
    mse_train: str
    mse_test: str
    mse_all: str
    nmse: str
    r2: str
    n_obs: str
    n_entities: str
    is_lowest: bool
    mark: str


@dataclass(frozen=True)
class AccuracyGroup:
    """The estimators under one protocol."""

    protocol: ProtocolRecord
    rows: tuple[AccuracyTableRow, ...]


@dataclass(frozen=True)
class AccuracyTable:
    """The errors of one outcome."""

    groups: tuple[AccuracyGroup, ...]
    footnotes: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class OutcomeAccuracy:
    """What estimators and protocols do for one outcome."""

    label: str
    unit: str
    comparisons: tuple[GainComparison, ...]
    errors: AccuracyTable


@dataclass(frozen=True)
class ShownAccuracy:
    """Every outcome, and what stands for how a gain is."""

    outcomes: tuple[OutcomeAccuracy, ...]
    symbols: Mapping[str, str]


class AccuracySection(PackagedSection):
    """Gains and errors of every estimator under every protocol."""

    name: ClassVar[str] = "accuracy"
    title: ClassVar[str] = marked("Accuracy")
    place: ClassVar[int] = 300

    def content(self, run: Run, _renderer: FigureRenderer, /) -> SectionContent:
        """Return gains and errors of every outcome."""
        study, gains = run.manifest.study, Gains(run)
        outcomes = tuple(
            OutcomeAccuracy(
                study.label(outcome),
                study.unit(outcome),
                comparisons(gains, outcome) if gains.candidates else (),
                accuracy_table(run, outcome),
            )
            for outcome in study.outcomes
        )
        symbols = {status.name.lower(): symbol for status, symbol in SYMBOLS.items()}
        return SectionContent(ShownAccuracy(outcomes, symbols), gettext("Accuracy by estimator and protocol"))


def accuracy_table(run: Run, outcome: str) -> AccuracyTable:
    """Return the table of errors of one outcome; all its mean squared errors have the same decimals."""
    study = run.manifest.study
    footnotes = Footnotes()
    decimals = decimals_for(row.mse for row in accuracy_rows(run) if row.outcome == outcome)
    groups = []
    for protocol in study.honest_first:
        compared = {
            estimator.id: compared_error(run, outcome, estimator.id, protocol.id)
            for estimator in study.estimators
        }
        lowest = min((row.mse for row in compared.values() if row is not None), default=math.nan)
        rows = []
        for estimator in study.estimators:
            row = compared[estimator.id]
            if row is None:
                _, reason = refusal(run, outcome, estimator.id, protocol.id)
                rows.append(_empty_row(estimator.label, footnotes.mark(reason)))
                continue
            samples = errors_of(run, outcome, estimator.id, protocol.id)
            rows.append(
                AccuracyTableRow(
                    label=estimator.label,
                    mse_train=_error(samples.get("train"), decimals),
                    mse_test=_error(samples.get("test"), decimals),
                    mse_all=_error(samples.get("all"), decimals),
                    nmse=fixed(row.nmse, 3),
                    r2=fixed(row.r2, 3),
                    n_obs=count(row.n_obs),
                    n_entities=count(row.n_entities),
                    is_lowest=row.mse == lowest,
                    mark="",
                )
            )
        groups.append(AccuracyGroup(protocol, tuple(rows)))
    return AccuracyTable(tuple(groups), footnotes.listed())


def _error(row: AccuracyRow | None, decimals: int) -> str:
    return MISSING if row is None else rounded(row.mse, decimals)


def _empty_row(label: str, mark: str) -> AccuracyTableRow:
    return AccuracyTableRow(
        label=label,
        mse_train=MISSING,
        mse_test=MISSING,
        mse_all=MISSING,
        nmse=MISSING,
        r2=MISSING,
        n_obs=MISSING,
        n_entities=MISSING,
        is_lowest=False,
        mark=mark,
    )
