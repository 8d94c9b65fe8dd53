"""The headline of published gains on the first screen, and what their numbers say without any data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.findings.run import Run
from harness.language import gettext
from harness.report.sections.claims.published import ASSUMING, INCONSISTENT
from harness.tables.claims import CLAIMS, ClaimRow
from harness.tables.gain import GAIN
from harness.text.numbers import percent
from harness.text.plain_text import in_turn, joined, listed


def headline_claims(rows: Sequence[ClaimRow]) -> tuple[ClaimRow, ...]:
    """Return the published gains that the spec marks as its headline; else the first of each outcome."""
    gains = [row for row in rows if row.quantity == "gain"]
    first = {row.outcome: row for row in reversed(gains)}
    marked_rows = tuple(row for row in gains if row.headline)
    return marked_rows or tuple(reversed(first.values()))


def headlines(run: Run) -> Iterator[tuple[str, str]]:
    """Yield outcome and line of each headline: what is printed, and what this run gives for it.

    The line has the gain as published, that of the first further reference under the same protocol, and that
    of the counterpart, as far as the run has them.
    """
    study = run.manifest.study
    number, of_protocol = gettext("{estimator} {number}"), gettext("{protocol}: {numbers}")
    further = study.further_references[:1]
    gains = {
        (row.outcome, row.protocol, row.sample, row.estimator): row.gain
        for row in run.rows(GAIN)
        if row.reference == study.reference and row.is_done
    }

    def shown(estimator: str, gain: float) -> str:
        return number.format(estimator=study.estimator_label(estimator), number=percent(gain))

    for row in headline_claims(run.rows(CLAIMS)):
        places = [(row.outcome, row.protocol, row.sample, name) for name in further if name != row.estimator]
        known = [shown(place[-1], gains[place]) for place in places if place in gains]
        parts = [
            gettext("printed gain over {reference} {number}").format(
                reference=study.reference_label, number=percent(row.published)
            ),
            gettext("the same protocol here: {numbers}").format(
                numbers=listed([shown(row.estimator, row.this_run), *known])
            ),
        ]
        if row.counterpart_estimator:
            other = shown(row.counterpart_estimator, row.counterpart)
            title = study.protocol_title(row.counterpart_protocol)
            parts.append(of_protocol.format(protocol=title, numbers=other))
        yield study.label(row.outcome), in_turn(parts)


def without_data(run: Run) -> str:
    """Return what published numbers say against each other, and under which assumption; empty for nothing."""
    study = run.manifest.study
    wrong: dict[str, list[ClaimRow]] = {}
    for row in run.rows(CLAIMS):
        if row.status in (INCONSISTENT, ASSUMING):
            wrong.setdefault(row.check, []).append(row)

    def named(check: str, column: str) -> str:
        return joined(
            [study.label(name) for name in dict.fromkeys(vars(row)[column] for row in wrong[check])]
        )

    parts = []
    if "ratio" in wrong:
        words = gettext("the printed gain in {outcomes} does not follow from the printed errors")
        parts.append(words.format(outcomes=named("ratio", "outcome")))
    if "partition" in wrong:
        words = gettext(
            "if one fit gave all of them, the printed medians of {outcomes} contradict each other"
        )
        parts.append(words.format(outcomes=named("partition", "outcome")))
    if "units" in wrong:
        words = gettext(
            "if all are in one system of units, the printed values of {moderators} contradict the medians"
        )
        parts.append(words.format(moderators=named("units", "moderator")))
    return gettext("Without any data: {parts}.").format(parts=in_turn(parts)) if parts else ""
