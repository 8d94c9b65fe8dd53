"""The table of gains of one outcome: estimators down, protocols across, and its p-values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.record.study import EstimatorRecord, ProtocolRecord
from harness.report.model.gains import GainCell, Gains
from harness.report.text.footnotes import Footnotes
from harness.tables.gain import GainStatus


@dataclass(frozen=True)
class GainTableRow:
    """One estimator under every protocol."""

    estimator: EstimatorRecord
    is_reference: bool
    cells: tuple[GainCell, ...]


@dataclass(frozen=True)
class GainTable:
    """The gains of one outcome.

    Attributes
    ----------
    footnotes : marks with the reasons of cells without result
    """

    protocols: tuple[ProtocolRecord, ...]
    rows: tuple[GainTableRow, ...]
    footnotes: tuple[tuple[str, str], ...]

    @property
    def has_established(self) -> bool:
        """Whether a gain is established under any protocol that keeps test rows apart."""
        return any(
            cell.status is GainStatus.BETTER and cell.protocol.keeps_test_rows_apart
            for row in self.rows
            for cell in row.cells
        )

    def mark(self, cell: GainCell) -> str:
        """Return the mark of the footnote with a cell's reason, or an empty string."""
        return self._marks.get(cell.reason, "")

    @property
    def _marks(self) -> Mapping[str, str]:
        return {reason: mark for mark, reason in self.footnotes}


@dataclass(frozen=True)
class PValueGroup:
    """The gains under one protocol that have a result, and so p-values of equal accuracy."""

    protocol: ProtocolRecord
    cells: tuple[GainCell, ...]


def gain_table(gains: Gains, outcome: str) -> GainTable:
    """Return the table of gains of one outcome, rows in the order of the study, honest columns first."""
    study = gains.run.manifest.study
    rows = tuple(
        GainTableRow(
            estimator,
            estimator.id == gains.reference,
            tuple(gains.cell(outcome, estimator, protocol) for protocol in study.honest_first),
        )
        for estimator in study.estimators
    )
    footnotes = Footnotes()
    for row in rows:
        for cell in row.cells:
            footnotes.mark(cell.reason)
    return GainTable(study.honest_first, rows, footnotes.listed())


def p_value_groups(gains: Gains, outcome: str) -> tuple[PValueGroup, ...]:
    """Return the gains of one outcome by protocol, honest ones first; those without a result are left out."""
    groups = []
    for protocol in gains.run.manifest.study.honest_first:
        cells = (gains.cell(outcome, candidate, protocol) for candidate in gains.candidates)
        having = tuple(cell for cell in cells if cell.has_gain)
        if having:
            groups.append(PValueGroup(protocol, having))
    return tuple(groups)
