"""Gradient boosted trees, stopped on the selection rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from numpy.random import Generator
from pydantic import Field

from harness import EstimationError, Floats, Panel, Problem, inner_split

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingRegressor


@dataclass(frozen=True, eq=False)
class BoostingFit:
    """Boosted trees cut at the number of rounds with the least error on the selection rows.

    Attributes
    ----------
    model : fitted on the training rows
    n_rounds : trees in the model, chosen on the selection rows
    """

    model: HistGradientBoostingRegressor
    n_rounds: int

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_obs,), outcome units."""
        return np.asarray(self.model.predict(panel.X), dtype=np.float64)


@dataclass(frozen=True)
class Boosting:
    """Histogram gradient boosting (Friedman 2001; Ke et al. 2017), scikit-learn's implementation.

    Rounds are grown up to `max_rounds`; the model keeps the number of rounds whose squared error on the
    selection rows is least. Entity and time are no inputs.

    Attributes
    ----------
    learning_rate : shrinkage of each tree
    max_rounds : most trees
    max_leaves : most leaves of a tree
    min_leaf : least rows of a leaf
    selection_share : share of the training rows set aside where the protocol names no selection rows
    """

    name: ClassVar[str] = "boosting"
    provides: ClassVar[frozenset[type]] = frozenset()

    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.1
    max_rounds: Annotated[int, Field(ge=1)] = 300
    max_leaves: Annotated[int, Field(ge=2)] = 15
    min_leaf: Annotated[int, Field(ge=1)] = 20
    selection_share: Annotated[float, Field(gt=0, lt=1)] = 0.2

    def fit(self, panel: Panel, *, rng: Generator, selection: Panel | None = None) -> BoostingFit:
        """Fit on a panel; see `harness.Estimator`."""
        if selection is None:
            parts = inner_split(panel, share=self.selection_share, rng=rng)
            panel, selection = panel.take(parts.train), panel.take(parts.selection)
        if panel.n_obs < 2 * self.min_leaf:
            raise EstimationError(
                Problem(
                    where="boosting",
                    what=f"{panel.n_obs} training rows cannot fill two leaves of {self.min_leaf} rows",
                    allowed=f"at least {2 * self.min_leaf} training rows",
                    mend="set a smaller min_leaf, or leave boosting out",
                )
            )
        grown = self._model(self.max_rounds).fit(panel.X, panel.observed)
        errors = [
            np.mean((selection.observed - predicted) ** 2) for predicted in grown.staged_predict(selection.X)
        ]
        n_rounds = int(np.argmin(errors)) + 1
        return BoostingFit(self._model(n_rounds).fit(panel.X, panel.observed), n_rounds)

    def _model(self, n_rounds: int) -> HistGradientBoostingRegressor:
        from sklearn.ensemble import HistGradientBoostingRegressor

        return HistGradientBoostingRegressor(
            learning_rate=self.learning_rate,
            max_iter=n_rounds,
            max_leaf_nodes=self.max_leaves,
            min_samples_leaf=self.min_leaf,
            early_stopping=False,
            random_state=0,
        )
