"""What the first debiased effect assumes, and what the tests of a run say of it."""

from __future__ import annotations

from collections.abc import Iterator

from harness.findings.debiased import first_effect
from harness.findings.run import Run
from harness.language import gettext, marked
from harness.report.table import Given, ReportTable, TableColumn, columns_of, plain_rows
from harness.scenarios.robustness import CHANGES, PERMUTED
from harness.tables.effects import EFFECT_TESTS, ROBUSTNESS, EffectRow
from harness.text.numbers import MISSING, p_value

# What is assumed, and the test of the run that speaks to it.
ASSUMPTIONS = (
    (marked("Given controls and entity effects, nothing else moves exposure and outcome"), "permuted"),
    (marked("Shocks to the outcome do not move the exposure later (no feedback)"), "lead"),
    (marked("The outcome does not respond before the exposure changes (no anticipation)"), "lead"),
    (marked("The exposure of one entity does not move the outcomes of others"), "moran"),
)
TESTS = {
    "permuted": marked("exposure permuted over entities"),
    "lead": marked("exposure of the next period"),
    "moran": marked("Moran's I of residuals"),
}


def identification_tables(run: Run) -> Iterator[ReportTable]:
    """Yield what the effect that comes first assumes, with a p-value for each outcome that has one."""
    study = run.manifest.study
    rows = [first[0] for outcome in study.outcomes if (first := first_effect(run, outcome))]
    done = [row for row in rows if row.is_done]
    if done:
        found = [tests_of(run, row) for row in done]
        yield ReportTable(
            caption=gettext("What the effect assumes, and p-values of tests against it"),
            columns=columns_of(
                gettext("Assumption"),
                TableColumn(gettext("Test"), "text"),
                *(study.label(row.outcome) for row in done),
            ),
            groups=plain_rows(_row(assumed, test, found) for assumed, test in ASSUMPTIONS),
            notes=(gettext("No test proves an assumption; a dash: not tested in this run."),),
        )


def _row(assumed: str, test: str, found: list[dict[str, float]]) -> tuple[Given, ...]:
    p_values = (p_value(own[test]) if test in own else MISSING for own in found)
    return gettext(assumed), gettext(TESTS[test]), *p_values


def tests_of(run: Run, row: EffectRow) -> dict[str, float]:
    """Return the p-values of the tests that speak to what an effect assumes; of several the least."""
    subject = row.outcome, row.exposure, row.method, row.learner
    checks = {
        one.check: one.p_value
        for one in run.rows(ROBUSTNESS)
        if one.is_done and (one.outcome, one.exposure, one.method, one.learner) == subject
    }
    named = {"permuted": PERMUTED, "lead": CHANGES["lead"][0]}
    found = {name: checks[check] for name, check in named.items() if check in checks}
    tests = [one for one in run.rows(EFFECT_TESTS) if (one.outcome, one.test) == (row.outcome, "moran")]
    # As Bonferroni has it.
    moran = [min(1.0, len(tests) * one.p_value) for one in tests if one.is_done]
    return found | ({"moran": min(moran)} if moran else {})
