"""What tests of the data say, and what follows where they reject."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from harness.plugin import reporting as parts
from harness.plugin.findings import (
    ABOVE,
    OPEN,
    Estimate,
    FindingRow,
    Rule,
    Sentence,
    SourceNumbers,
    VariableId,
    Word,
    finding,
)
from harness.plugin.reporting import NAN, marked
from harness_panel.diagnostics.scenario import DATA_TESTS, DataTestRow
from harness_panel.findings import Caution

# Size of the tests, and variance inflation above which regressors can hardly be told apart.
SIZE, INFLATED = 0.05, 10.0
VIF, MORAN = "vif", "moran"

# What follows where a test rejects, and where it does not.
UNIT_ROOT = (
    marked("a unit root in all series is rejected"),
    marked("all series may have a unit root: check the result in first differences"),
)
READINGS: Mapping[str, tuple[str, str]] = {
    VIF: (
        marked("nearly collinear with other regressors (variance inflation above 10): drop or combine some"),
        marked("the largest variance inflation is at most 10: the regressors are not nearly collinear"),
    ),
    MORAN: ("", marked("no evidence that neighbours are alike")),
    "im_pesaran_shin": UNIT_ROOT,
    "levin_lin_chu": UNIT_ROOT,
    "cross_section_dependence": (
        marked("Errors of entities are correlated: take effects of periods and Driscoll–Kraay errors."),
        marked("No evidence that errors of entities are correlated."),
    ),
    "serial_correlation": (
        marked("Errors of an entity are correlated over time: cluster by entity."),
        marked("No evidence of serial correlation."),
    ),
}


@dataclass(frozen=True)
class DataReading(Sentence):
    """What follows from a test of errors."""

    reading: Word


@dataclass(frozen=True)
class VariableReading(Sentence):
    """What follows from a test of a variable."""

    variable: VariableId
    reading: Word


@dataclass(frozen=True)
class NeighboursAlike(Sentence):
    """In how many periods neighbours are alike in a variable, by the size of one test."""

    variable: VariableId
    n_alike: int
    n_periods: int


CODES: Mapping[type[Sentence], str] = {
    NeighboursAlike: marked(
        "{variable}: neighbours are alike in {n_alike} of {n_periods} periods: take Conley errors or spatial "
        "Durbin."
    ),
    DataReading: marked("{reading}"),
    VariableReading: marked("{variable}: {reading}."),
}


def data_findings(run: parts.Run, outcome: str) -> Iterator[FindingRow]:
    """Yield what each test says of each variable: of several periods all together, of inflation the largest.

    Several rejects where the least of their p-values, times their number, is below the size (Bonferroni).
    """
    tests = sorted((row for row in run.rows(DATA_TESTS, outcome=outcome) if row.is_done), key=reading_key)
    for _, group in groupby(tests, key=reading_key):
        rows = list(group)
        first = max(rows, key=lambda row: row.statistic) if rows[0].test == VIF else rows[0]
        p_value = NAN if first.test == VIF else min(1.0, min(row.p_value for row in rows) * len(rows))
        is_rejected = first.statistic > INFLATED if first.test == VIF else p_value < SIZE
        reading = READINGS[first.test][0 if is_rejected else 1]
        sentence: Sentence = DataReading(reading)
        if first.variable:
            sentence = VariableReading(first.variable, reading)
        if first.test == MORAN and is_rejected:
            n_alike = sum(row.p_value < SIZE for row in rows)
            sentence = NeighboursAlike(first.variable, n_alike, len(rows))
        yield finding(
            "data_test",
            sentence,
            outcome=outcome,
            subject={"scenario": first.scenario, "test": first.test, "variable": reading_key(first)[2]},
            about=", ".join(filter(None, (first.test, first.variable))),
            decision=ABOVE if is_rejected else OPEN,
            numbers=SourceNumbers(Estimate(first.statistic, NAN, NAN), p_value),
            caveats=[Caution(first.caution)] * bool(first.caution),
        )


def reading_key(row: DataTestRow) -> tuple[str, int, str]:
    """Return what a finding is of: scenario, test in the order of the readings, and variable."""
    return row.scenario, list(READINGS).index(row.test), "" if row.test == VIF else row.variable


DATA_RULE = Rule("data_test", data_findings, (DATA_TESTS.name,), CODES)
