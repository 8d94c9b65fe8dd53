"""What was decided on a number in words and as a mark, and a gain as a cell of a table has it."""

from __future__ import annotations

from collections.abc import Mapping

from harness.language import marked, rendered
from harness.tables.decision import ABOVE, BELOW, CONDITIONAL, NEGLIGIBLE, OPEN, UNTESTED, Decision
from harness.tables.gain import GainRow
from harness.text.numbers import percent, percent_interval, significant

# What was decided on a gain.
WORDS: Mapping[Decision, str] = {
    ABOVE: marked("better"),
    CONDITIONAL: marked("better, conditional on these periods"),
    NEGLIGIBLE: marked("not better by more than the least gain that matters"),
    BELOW: marked("worse"),
    OPEN: marked("cannot tell"),
    UNTESTED: marked("no result"),
}
SYMBOLS: Mapping[Decision, str] = {
    ABOVE: "▲",
    CONDITIONAL: "△",
    NEGLIGIBLE: "●",
    BELOW: "▼",
    OPEN: "○",
    UNTESTED: "",
}

# What stands for the gain of the reference itself.
REFERENCE = marked("reference")


def gain_text(row: GainRow) -> str:
    """Return "57.2%", "reference", or the status of a row without a gain."""
    if row.is_reference and row.is_done:
        return rendered(REFERENCE)
    return percent(row.gain) if row.has_gain else rendered(row.status)


def limits_text(row: GainRow) -> str:
    """Return the interval of a gain, "[50.1, 63.0]", or the reference's error."""
    if row.is_reference and row.is_done:
        return f"MSE {significant(row.mse)}"
    return percent_interval(row.conf_low, row.conf_high)
