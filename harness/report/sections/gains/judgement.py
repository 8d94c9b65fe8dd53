"""What all gains of one estimator amount to together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from harness.record.study import EstimatorRecord, ProtocolRecord
from harness.report.model.gains import GainCell
from harness.tables.gain import GainStatus

Protocols = tuple[ProtocolRecord, ...]


@dataclass(frozen=True)
class Judgement:
    """The gains of one estimator for one outcome, under every protocol.

    Honest protocols are those that keep the test rows apart from fitting, selecting and preparing.

    Attributes
    ----------
    cells : at least one
    """

    cells: tuple[GainCell, ...]

    @property
    def estimator(self) -> EstimatorRecord:
        """Whose gains they are."""
        return self.cells[0].estimator

    @property
    def won(self) -> Protocols:
        """Honest protocols under which it is established better."""
        return self._under(lambda cell: _is_apart(cell) and cell.status is GainStatus.BETTER)

    @property
    def lost(self) -> Protocols:
        """Honest protocols under which it is not, though there is a result."""
        agreeing = {GainStatus.BETTER, GainStatus.BETTER_ONCE, GainStatus.MISSING}
        return self._under(lambda cell: _is_apart(cell) and cell.status not in agreeing)

    @property
    def once(self) -> Protocols:
        """Honest protocols under which it is better given the periods tested, time having been seen once."""
        return self._under(lambda cell: _is_apart(cell) and cell.status is GainStatus.BETTER_ONCE)

    @property
    def missing(self) -> Protocols:
        """Honest protocols without a result."""
        return self._under(lambda cell: _is_apart(cell) and cell.status is GainStatus.MISSING)

    @property
    def won_inside(self) -> Protocols:
        """Protocols under which it is established better though test rows take part."""
        return self._under(lambda cell: not _is_apart(cell) and cell.status is GainStatus.BETTER)

    @property
    def is_established(self) -> bool:
        """Whether all honest protocols agree on a gain, at least one with a test of its own."""
        return bool(self.won) and not self.lost and not self.missing

    @property
    def stands_everywhere(self) -> bool:
        """Whether every protocol, honest or not, finds a gain."""
        return all(cell.status in {GainStatus.BETTER, GainStatus.BETTER_ONCE} for cell in self.cells)

    @property
    def needs_known_entities(self) -> bool:
        """Whether it loses under every honest protocol that hides the tested entities, and nowhere else."""
        return bool(self.lost) and not any(protocol.knows_entities for protocol in self.lost)

    def _under(self, is_meant: Callable[[GainCell], bool]) -> Protocols:
        return tuple(cell.protocol for cell in self.cells if is_meant(cell))


def _is_apart(cell: GainCell) -> bool:
    return cell.protocol.keeps_test_rows_apart


def judgements(cells: Iterable[GainCell]) -> tuple[Judgement, ...]:
    """Return a judgement for each estimator, in the order in which they first appear."""
    own: dict[str, list[GainCell]] = {}
    for cell in cells:
        own.setdefault(cell.estimator.id, []).append(cell)
    return tuple(Judgement(tuple(same)) for same in own.values())
