"""The truth behind a run on simulated data, and how far each estimator is from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from harness.data.panel import Panel
from harness.execution.results import RunResults
from harness.scenarios.truth import CanTellTruth, true_fit, truth_errors
from harness.store.folder import RunFolder


def truth_parts(results: RunResults, panels: Mapping[str, Panel]) -> Iterator[pd.DataFrame]:
    """Yield the truth for every outcome and scenario; nothing where data are not simulated."""
    for outcome, panel in panels.items():
        fit = true_fit(results.study.data.simulate, panel)
        if fit is None:
            continue
        for entry in results.study.scenarios:
            if isinstance(entry.scenario, CanTellTruth):
                rows = pd.DataFrame([dict(row) for row in entry.scenario.truth(fit, panel)])
                yield rows.assign(outcome=outcome, scenario=entry.id)


def error_parts(folder: RunFolder, truth: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yield the errors of the curves, of the effects by group, and of the conditional effects."""
    curves, groups, moderated = (
        folder.read_table(name) for name in ("curves", "heterogeneity", "conditional_effects")
    )
    if len(curves):
        yield truth_errors(_pointwise_and_supported(curves), truth, columns=["at"])
    if len(groups):
        effects = groups[groups["mode"] == "pooled"].rename(columns={"effect": "estimate"})
        yield truth_errors(effects.assign(kind="effect"), truth, columns=["group"])
    if len(moderated):
        effects = _pointwise_and_supported(moderated).rename(columns={"effect": "estimate"})
        yield truth_errors(effects.assign(kind="conditional_effect"), truth, columns=["moderator_at"])


def _pointwise_and_supported(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[(rows["band"] == "pointwise") & (rows["supported"].astype(str) == "True")]
