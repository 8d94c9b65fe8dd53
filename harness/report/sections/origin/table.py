"""The table of what is left of the gains: estimators down, what is predicted across."""

from __future__ import annotations

from dataclasses import dataclass

from harness.evaluation.decomposition import LEFT
from harness.language import gettext
from harness.report.model.gains import Gains
from harness.report.sections.origin.rows import NEEDED, gains_left
from harness.report.text.numbers import percent, percent_interval, significant
from harness.report.text.plain_text import capitalised, joined
from harness.tables.gain import PartRow


@dataclass(frozen=True)
class OriginCell:
    """One part in words; `status` is better or worse where the interval excludes zero, and open elsewhere."""

    value: str
    interval: str
    status: str


@dataclass(frozen=True)
class DecompositionRow:
    """One estimator."""

    label: str
    cells: tuple[OriginCell, ...]


@dataclass(frozen=True)
class DecompositionTable:
    """What is left of the gains of one outcome under each protocol.

    Attributes
    ----------
    heads : of the columns of numbers
    errors : of the reference, beneath the heads
    rows : none where the run has none of the protocols
    left_out : how the estimators are called that have no result under any of them
    needed : titles, or names, of the protocols
    """

    heads: tuple[str, ...]
    errors: tuple[str, ...]
    rows: tuple[DecompositionRow, ...]
    left_out: str
    needed: str


def decomposition_table(gains: Gains, outcome: str) -> DecompositionTable:
    """Return what is left of the gains of one outcome, estimators in the order of the study."""
    study = gains.run.manifest.study
    found = {left.estimator: left for left in gains_left(gains.run, outcome)}
    errors = {row.part: row.mse_reference for left in found.values() for row in left.parts}
    parts = [name for name in LEFT if name in errors]
    shown = [entry for entry in gains.candidates if entry.id in found]
    return DecompositionTable(
        heads=tuple(capitalised(gettext(name)) for name in parts),
        errors=tuple(significant(errors[name], 3) for name in parts),
        rows=tuple(
            DecompositionRow(entry.label, tuple(_cell(found[entry.id].part(name)) for name in parts))
            for entry in shown
        ),
        left_out=joined([entry.label for entry in gains.candidates if entry.id not in found]),
        needed=joined([f"“{study.protocol_title(name)}”" for name in NEEDED], "or"),
    )


def _cell(row: PartRow | None) -> OriginCell:
    if row is None:
        return OriginCell("", "", "none")
    status = "better" if row.conf_low > 0 else "worse" if row.conf_high < 0 else "open"
    return OriginCell(percent(row.estimate), percent_interval(row.conf_low, row.conf_high), status)
