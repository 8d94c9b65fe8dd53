"""The section of identification: what the first debiased effect assumes, and what the run says of each."""

from __future__ import annotations

import math
from collections.abc import Iterator

from harness.findings.debiased import first_effect
from harness.findings.run import Run
from harness.language import gettext, marked
from harness.report.blocks import ReportBlock
from harness.report.sections.section import Section
from harness.report.table import ReportTable, TableColumn, plain_rows
from harness.scenarios.robustness import CHANGES, PERMUTED
from harness.tables.effects import EFFECT_TESTS, EFFECTS, ROBUSTNESS, EffectRow
from harness.tables.gain import size_of
from harness.text.effects import fragility
from harness.text.numbers import p_text

# What the effect of the next period's exposure says, if there is one and if not.
LEAD = (
    marked("Evidence against it: the exposure of the next period has a significant effect"),
    marked("No evidence against it: the exposure of the next period has no significant effect"),
)

# What is assumed, the test of the run that speaks to it, and what this says if it rejects and if not.
ASSUMPTIONS = (
    (
        *(marked("Strict exogeneity"), "permuted"),
        marked(
            "Given the controls and what is constant in an entity, nothing else moves exposure and outcome."
        ),
        marked("The slope is larger than those of exposures permuted over entities"),
        marked("Exposures permuted over entities have slopes as large"),
    ),
    (
        *(marked("No feedback"), "lead"),
        marked("Shocks to the outcome do not move the exposure of later periods."),
        *LEAD,
    ),
    (
        *(marked("No anticipation"), "lead"),
        marked("The outcome does not respond before the exposure changes."),
        *LEAD,
    ),
    (
        *(marked("No interference"), "moran"),
        marked("The exposure of one entity does not move the outcomes of others."),
        marked(
            "Residuals of neighbouring entities are correlated (Moran's I), as interference would have them"
        ),
        marked("No evidence against it: residuals of neighbouring entities are not significantly correlated"),
    ),
)


def identification_blocks(run: Run) -> Iterator[ReportBlock]:
    """Yield a table for each outcome of the effect that comes first."""
    study = run.manifest.study
    heads = gettext("Assumption"), gettext("What is assumed"), gettext("What this run says")
    for outcome in study.outcomes:
        first = first_effect(run, outcome)
        if first and first[0].is_done:
            words = gettext("What the effect of {exposure} on {outcome} assumes")
            caption = words.format(exposure=study.label(first[0].exposure), outcome=study.label(outcome))
            columns = tuple(TableColumn(head, "text") for head in heads)
            yield ReportTable(caption, columns, plain_rows(evidence(run, first[0])))


def evidence(run: Run, row: EffectRow) -> Iterator[tuple[str, str, str]]:
    """Yield each assumption with what is assumed, and what the tests of the run say of it."""
    subject = row.outcome, row.exposure, row.method, row.learner
    own = [
        one for one in run.rows(ROBUSTNESS) if (one.outcome, one.exposure, one.method, one.learner) == subject
    ]
    tests = [one for one in run.rows(EFFECT_TESTS) if (one.outcome, one.test) == (row.outcome, "moran")]
    p_values = {one.check: one.p_value for one in own if one.is_done}
    found = {"permuted": p_values.get(PERMUTED), "lead": p_values.get(CHANGES["lead"][0])}
    # The least of several, as Bonferroni has it.
    found["moran"] = min((min(1.0, len(tests) * one.p_value) for one in tests if one.is_done), default=None)
    for name, test, assumed, rejected, kept in ASSUMPTIONS:
        p_value, said = found[test], gettext("Not tested in this run.")
        if p_value is not None:
            is_rejected = p_value < size_of(run.manifest.study.level)
            said = gettext("{said} ({p_value}).").format(
                said=gettext(rejected if is_rejected else kept), p_value=p_text(p_value)
            )
        if test == "permuted" and math.isfinite(row.robustness_value):
            said = f"{fragility(row.robustness_value)} {said}"
        yield gettext(name), gettext(assumed), said


IDENTIFICATION_SECTION = Section(
    "identification", marked("Identification"), 771, identification_blocks, tables=(EFFECTS.name,)
)
