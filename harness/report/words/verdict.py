"""What the gains of one outcome amount to, in sentences composed from their numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.report.reading.manifest import ProtocolEntry
from harness.report.reading.results import GainCell, Results, Standing
from harness.report.words.digits import p_text, percent, percent_interval, significant
from harness.report.words.text import joined, shortened

REASON_LENGTH = 160
"""Most characters of a reason within a sentence; the footnotes of the tables have it whole."""


def quoted(protocols: Iterable[ProtocolEntry], last: str = "and") -> str:
    """Return the protocols' titles in quotation marks, as a list."""
    return joined([f"“{one.title}”" for one in protocols], last)


def gain_text(cell: GainCell) -> str:
    """Return "57.2% [50.1, 63.0], p = 0.012", or less where there is no interval or p-value."""
    gain = f"{percent(cell.gain)} {percent_interval(cell.conf_low, cell.conf_high)}".strip()
    return ", ".join(part for part in (gain, p_text(cell.p_value)) if part)


def lowest_error(results: Results, outcome: str, protocol: ProtocolEntry) -> str:
    """Return which estimator has the lowest mean squared error under one protocol, in a sentence."""
    rows = [
        (estimator, row)
        for estimator in results.run.manifest.study.estimators
        if (row := results.compared(outcome, estimator.id, protocol.id)) is not None
    ]
    if not rows:
        return f"“{protocol.title}”: no estimator has a result."
    winner, least = min(rows, key=lambda pair: pair[1].mse)
    others = sorted(row.mse for _, row in rows)[1:]
    beside = f"; the next lowest is {significant(others[0])}" if others else ""
    return f"“{protocol.title}”: {winner.label} ({significant(least.mse)}{beside})."


def headline(cells: Sequence[GainCell], *, reference: str) -> str:
    """Return the plain verdict on one outcome.

    A gain counts as established where its interval excludes zero. Protocols whose test rows take part in
    fitting or selecting are told apart from those that keep them apart, since only the latter say how well
    cases that were not there are predicted.

    Parameters
    ----------
    cells : gains of one outcome, every estimator but the reference x every protocol
    reference : how the reference is called
    """
    if all(cell.standing is Standing.MISSING for cell in cells):
        return f"No gain over {reference} could be computed."
    wins = [cell for cell in cells if cell.standing is Standing.BETTER]
    apart = [one for one in dict.fromkeys(cell.protocol for cell in cells) if one.keeps_test_rows_apart]
    if any(cell.protocol.keeps_test_rows_apart for cell in wins):
        return _established_apart(wins, apart, reference=reference)
    if wins and apart:
        return (
            f"A gain over {reference} is established only where test rows take part in fitting or selecting: "
            f"{_by_estimator(wins)}. It is not established for any estimator under {quoted(apart, 'or')}, "
            "where they are kept apart."
        )
    if wins:
        return (
            f"A gain over {reference} is established {_by_estimator(wins)}; but test rows take part in "
            "fitting or selecting under every protocol of this run, so it may not hold for new cases."
        )
    return f"No gain over {reference} is established for any estimator under any protocol."


def _established_apart(wins: Sequence[GainCell], apart: Sequence[ProtocolEntry], *, reference: str) -> str:
    held = [cell for cell in wins if cell.protocol in apart]
    lost = [one for one in apart if all(cell.protocol != one for cell in held)]
    tail = f"; for no estimator under {quoted(lost, 'or')}" if lost else ""
    winners = {cell.estimator.id for cell in held}
    others = dict.fromkeys(cell.estimator.label for cell in wins if cell.estimator.id not in winners)
    only = f" For {joined(list(others))} it is established only where test rows take part." if others else ""
    return (
        f"A gain over {reference} is established where test rows take no part in fitting or selecting: "
        f"{_by_estimator(held)}{tail}.{only}"
    )


def _by_estimator(cells: Iterable[GainCell]) -> str:
    """Return "for A under “X” and “Y”; for B under “Z”"."""
    protocols: dict[str, list[ProtocolEntry]] = {}
    for cell in cells:
        protocols.setdefault(cell.estimator.label, []).append(cell.protocol)
    return "; ".join(f"for {label} under {quoted(own)}" for label, own in protocols.items())


def estimator_verdict(cells: Sequence[GainCell], *, reference: str) -> str:
    """Return what is known of one estimator under every protocol, in a sentence.

    Parameters
    ----------
    cells : at least one; the gains of one estimator for one outcome
    """
    parts = [
        _part(cells, Standing.BETTER, f"better than {reference} under"),
        _part(cells, Standing.WORSE, f"worse than {reference} under"),
        _part(cells, Standing.OPEN, "not established to differ under"),
        _missing(cells),
    ]
    return f"{cells[0].estimator.label}: {'; '.join(part for part in parts if part)}."


def _part(cells: Sequence[GainCell], standing: Standing, words: str) -> str:
    named = [f"“{one.protocol.title}” ({gain_text(one)})" for one in cells if one.standing is standing]
    return f"{words} {joined(named)}" if named else ""


def _missing(cells: Sequence[GainCell]) -> str:
    named = [
        f"“{cell.protocol.title}” ({shortened(cell.reason, REASON_LENGTH)})"
        for cell in cells
        if cell.standing is Standing.MISSING
    ]
    return f"no result under {joined(named)}" if named else ""
