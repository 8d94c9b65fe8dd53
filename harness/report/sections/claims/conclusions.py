"""What a publication concludes, beside how many of the claims behind it hold in the run."""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.findings.run import Run
from harness.language import gettext
from harness.report.sections.claims.published import FRACTIONS, claim_number
from harness.report.table import ReportTable, TableCell, TableColumn, plain_rows
from harness.study.expectations.claim import PublishedConclusion
from harness.study.spec.printed import Interval
from harness.tables.claims import CLAIMS, ClaimRow
from harness.text.numbers import MISSING, count, percent
from harness.text.plain_text import listed

# So many shares are listed; of more there is their mean.
MOST_LISTED = 3


def claims_of(conclusion: PublishedConclusion, rows: Sequence[ClaimRow]) -> tuple[ClaimRow, ...]:
    """Return the claims that a conclusion rests on."""
    return tuple(
        row
        for row in rows
        if row.source in conclusion.sources
        and (not conclusion.quantities or row.quantity in conclusion.quantities)
        and (not conclusion.outcomes or row.outcome in conclusion.outcomes)
    )


def holds(row: ClaimRow, value: float) -> bool:
    """Return whether a number of the run is the published one, as far as it was printed and tolerated.

    A statement holds throughout; a bound where the number is on its side.
    """
    half = 0.0 if row.digits is None else 0.5 * 10.0**-row.digits
    close = Interval.around(row.published, half + (row.tolerance if math.isfinite(row.tolerance) else 0.0))
    low = -math.inf if row.bound == "most" else close.low
    high = math.inf if row.bound == "least" else close.high
    return Interval(low, high).holds(value)


def conclusion_table(run: Run) -> ReportTable:
    """Return a row for each conclusion of the publication."""
    claims = run.rows(CLAIMS)
    rows = []
    for conclusion in run.manifest.study.conclusions:
        own = claims_of(conclusion, claims)
        here, other = [row.this_run for row in own], [row.counterpart for row in own]
        source = (conclusion.source,) if conclusion.source else ()
        rows.append(
            (TableCell(conclusion.text, source), count(len(own)), _held(own, here), _held(own, other))
        )
    heads = (gettext("Claims"), gettext("Hold as published"), gettext("Hold as it should be"))
    return ReportTable(
        caption=gettext("What the publication concludes, and how many of the claims behind it hold here"),
        columns=(TableColumn(gettext("Conclusion"), "text"), *map(TableColumn, heads)),
        groups=plain_rows(rows),
        notes=(
            gettext(
                "Of the claims for which this run gives a number, those that hold to the digits printed; "
                "beneath: gains, or the mean share of the range on which statements hold."
            ),
        ),
    )


def _held(rows: Sequence[ClaimRow], values: Sequence[float]) -> TableCell:
    known = [(row, value) for row, value in zip(rows, values, strict=True) if math.isfinite(value)]
    if not known:
        return TableCell(MISSING)
    n_held = sum(holds(row, value) for row, value in known)
    words = gettext("{n_held} of {n_known}").format(n_held=count(n_held), n_known=count(len(known)))
    shares = [(row, value) for row, value in known if row.quantity in FRACTIONS]
    if len(shares) <= MOST_LISTED:
        beneath = listed(claim_number(row, value) for row, value in shares)
    else:
        beneath = percent(sum(value for _, value in shares) / len(shares), 0)
    return TableCell(words, (beneath,) if beneath else ())
