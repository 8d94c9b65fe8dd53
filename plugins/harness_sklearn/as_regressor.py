"""An estimator as a regressor of scikit-learn, for its pipelines, searches and cross-validation."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted, check_random_state, validate_data

from harness.plugin import Estimator, Fitted, Floats, Key, Panel, random_stream
from harness_sklearn.splines import Splines


@dataclass(eq=False, repr=False)
class AsRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """An estimator with the `fit` and `predict` of scikit-learn.

    ``X`` is a DataFrame with the key columns among the regressors; without keys, each row is an entity of its
    own in one period, and an array will do. An entity or period of no training row is predicted as the
    estimator predicts it elsewhere: fixed effects with the mean effect. A search compares estimators:
    ``GridSearchCV(AsRegressor(), {"estimator": [Splines(), Boosting()]})``.

    Parameters
    ----------
    estimator : any estimator; None for `Splines`
    entity, time : key columns of X, which are no regressors, the latter of whole numbers; None without
    exposure : column of X that comes first; None for the first that is no key
    random_state : seed of the estimator

    Examples
    --------
    >>> import harness_panel
    >>> from sklearn.model_selection import GroupKFold, cross_val_score
    >>> from statsmodels.datasets import grunfeld
    >>> from harness_sklearn.as_regressor import AsRegressor
    >>> data = grunfeld.load_pandas().data
    >>> X = data[["firm", "year", "value", "capital"]]
    >>> model = AsRegressor(harness_panel.PooledOLS(), entity="firm", time="year")
    >>> scores = cross_val_score(model, X, data["invest"], groups=data["firm"], cv=GroupKFold(5))
    >>> scores.size
    5
    """

    estimator: Estimator | None = None
    _: KW_ONLY
    entity: str | None = None
    time: str | None = None
    exposure: str | None = None
    random_state: int | None = 1

    def fit(self, X: pd.DataFrame | npt.ArrayLike, y: npt.ArrayLike) -> Self:
        """Fit the estimator on all rows."""
        if hasattr(self, "fitted_"):
            del self.fitted_
        regressors, keys = self._parted(X)
        values, outcome = validate_data(
            self, regressors, y, dtype=np.float64, y_numeric=True, ensure_min_samples=2
        )
        rng = random_stream(int(check_random_state(self.random_state).randint(2**31)))
        panel = self._panel(values, np.asarray(outcome, dtype=np.float64), keys)
        self.fitted_: Fitted = (self.estimator or Splines()).fit(panel, rng=rng)
        return self

    def predict(self, X: pd.DataFrame | npt.ArrayLike) -> Floats:
        """Return predictions, (n_obs,), in the unit of the outcome."""
        check_is_fitted(self)
        regressors, keys = self._parted(X)
        values = validate_data(self, regressors, dtype=np.float64, reset=False)
        return self.fitted_.predict(self._panel(values, np.zeros(len(values)), keys))

    def _parted(self, X: Any) -> tuple[Any, dict[str, pd.Series[Any]]]:  # noqa: ANN401 - whatever is given
        """Return regressors and keys."""
        names = [name for name in (self.entity, self.time) if name is not None]
        if names and not isinstance(X, pd.DataFrame):
            message = f"X has to be a DataFrame with the columns {', '.join(names)}"
            raise TypeError(message)
        return (X.drop(columns=names), {name: X[name] for name in names}) if names else (X, {})

    def _panel(self, values: Floats, outcome: Floats, keys: dict[str, pd.Series[Any]]) -> Panel:
        names = list(getattr(self, "feature_names_in_", [f"x{at}" for at in range(values.shape[1])]))
        first = names.index(self.exposure) if self.exposure is not None else 0
        order = [first, *(at for at in range(len(names)) if at != first)]
        # Rows without an entity are of none of the rows that were trained on.
        kind = "new" if hasattr(self, "fitted_") else "row"
        rows = pd.Series([f"{kind} {at}" for at in range(len(values))])
        entity, time = keys.get(self.entity or "", rows), keys.get(self.time or "", pd.Series(0, rows.index))
        return Panel(
            entity=_key(self.entity or "row", entity),
            time=_key(self.time or "period", time),
            period=time.to_numpy(dtype=np.int64),
            outcome="outcome",
            observed=outcome,
            exposure=names[first],
            moderators=(),
            controls=tuple(names[at] for at in order[1:]),
            X=values[:, order],
        )


def _key(name: str, cells: pd.Series[Any]) -> Key:
    codes, labels = pd.factorize(cells.astype(str), sort=True)
    return Key(name, tuple(labels), codes)
