"""A lag of the outcome among the regressors, beside effects of entities."""

from __future__ import annotations

from harness.language import gettext
from harness.report.model.run import Run
from harness.report.text.plain_text import joined
from harness.tables.preparation import PREPARATION


def lagged_outcomes(run: Run, outcome: str) -> tuple[str, ...]:
    """Return the regressors that are an earlier outcome."""
    study = run.manifest.study
    regressors = {*study.exposure_columns, *study.moderators, *study.controls}
    return tuple(
        row.into
        for row in run.rows(PREPARATION)
        if row.step == "lag" and outcome in row.inputs.split(", ") and row.into in regressors
    )


def nickell_caveat(run: Run, outcome: str) -> str:
    """Return what effects of entities do beside a lagged outcome (Nickell 1981); empty without one."""
    lagged = lagged_outcomes(run, outcome)
    if not lagged:
        return ""
    entity, n_periods = run.manifest.study.entity, run.manifest.data.n_periods
    return gettext(
        "{lagged} is the outcome of an earlier period: beside effects of {entity} its "
        "coefficient is biased by about 1/T, with {n_periods} periods (Nickell 1981), and those "
        "of regressors that go with it."
    ).format(lagged=joined(lagged), entity=entity, n_periods=n_periods)
