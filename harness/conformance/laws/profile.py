"""The short cut to mean predictions leads where the long way does."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from harness.arrays import Floats
from harness.conformance.agreement import require_equal
from harness.conformance.case import Case
from harness.conformance.law import Law
from harness.conformance.laws.capabilities import ABLE, not_declared
from harness.conformance.panels import fresh
from harness.data.panel import Panel
from harness.estimators.draws import CanFitDraws, FittedDraws
from harness.estimators.protocol import CanProfile, Fitted


class Profile(Law[Case]):
    """`profile` is the mean of `predict` over the rows."""

    name: ClassVar[str] = "profile"
    says: ClassVar[str] = "profile equals the mean of predict over rows with these columns changed"
    needs: ClassVar[tuple[str, ...]] = ABLE

    def check(self, case: Case) -> str:
        """Profile one column and two, of the fit and of draws, some points beyond the data."""
        if CanProfile not in case.estimator.provides:
            raise not_declared(CanProfile)
        models: list[Fitted | FittedDraws] = [case.fit]
        if isinstance(case.estimator, CanFitDraws):
            models.append(case.drawn(case.panel, _two_draws(case.panel)))
        for model in models:
            if isinstance(model, CanProfile):
                for columns in (case.panel.columns[:1], case.panel.columns[:2]):
                    _compare(case, model, model, columns)
        return "equal up to rounding"


def _two_draws(panel: Panel) -> Floats:
    return np.stack([np.ones(panel.n_obs), 1.0 + panel.entity.codes % 2])


def _compare(
    case: Case, model: Fitted | FittedDraws, short_cut: CanProfile, columns: tuple[str, ...]
) -> None:
    panel = case.panel
    spans = np.stack([np.quantile(panel.column(name), [0.1, 0.5, 0.9]) for name in columns], axis=1)
    points = np.concatenate([spans, spans[-1:] + 2.0 * np.ptp(spans, axis=0)])
    expected = np.stack([_mean_at(model, panel, columns, point) for point in points], axis=-1)
    found = np.asarray(short_cut.profile(fresh(panel), columns, points.copy()))
    what = f"profile over {' and '.join(columns)} of shape {found.shape}, against {expected.shape}"
    if found.shape != expected.shape:
        found = np.full_like(expected, np.inf)
    require_equal(found, expected, case=case, what=what)


def _mean_at(model: Fitted | FittedDraws, panel: Panel, columns: tuple[str, ...], point: Floats) -> Floats:
    at_point = panel.with_columns(dict(zip(columns, point.tolist(), strict=True)))
    return np.asarray(model.predict(at_point).mean(axis=-1))
