"""Findings on the form of the effect: whether a test rejects a straight line."""

from __future__ import annotations

from collections.abc import Iterator

from harness.findings.finding import StudyFinding
from harness.language import gettext
from harness.record.study import StudyRecord
from harness.report.model.run import Run
from harness.report.text.numbers import p_text
from harness.tables.effects import EFFECT_TESTS, EffectTestRow
from harness.tables.gain import size_of

LINEARITY = "linearity"
"""Name of the test of a straight line among those of the effect's form."""


def linearity_findings(run: Run, outcome: str) -> Iterator[StudyFinding]:
    """Yield every test of linearity; a nonlinearity is established where its p-value is below the level."""
    study = run.manifest.study
    for row in run.rows(EFFECT_TESTS):
        if row.is_done and (row.outcome, row.test) == (outcome, LINEARITY):
            is_bent = row.p_value < size_of(study.level)
            said = (
                gettext("is rejected")
                if is_bent
                else gettext("is not rejected; a nonlinearity is not established")
            )
            yield StudyFinding(
                outcome=outcome,
                estimator=row.estimator,
                finding="nonlinearity",
                about=", ".join(filter(None, (LINEARITY, row.exposure, row.against))),
                text=(
                    gettext(
                        "{given}test of a linear effect of {exposure}: linearity {said} ({p_value})."
                    ).format(
                        given=_given(study, row),
                        exposure=study.label(row.exposure),
                        said=said,
                        p_value=p_text(row.p_value),
                    )
                ),
                is_established=is_bent,
                p_value=row.p_value,
            )


def _given(study: StudyRecord, row: EffectTestRow) -> str:
    """Return whose test it is; a regression with entity means is no estimator of the study."""
    return (
        gettext("{estimator}, ").format(estimator=study.estimator_label(row.estimator))
        if row.estimator
        else gettext("Given entity effects, ")
    )
