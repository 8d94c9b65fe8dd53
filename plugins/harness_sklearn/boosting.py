"""Gradient boosted trees, stopped on the selection rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from numpy.random import Generator
from pydantic import Field

from harness import EstimationError, Floats, HasDetails, HasNotes, Note, Panel, Problem
from harness_sklearn.inputs import refuse_constant
from harness_sklearn.selection import Search, split_to_select

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingRegressor


@dataclass(frozen=True, eq=False)
class BoostingFit:
    """Boosted trees cut at the number of rounds with the least error on the selection rows.

    Attributes
    ----------
    model : fitted on the training rows
    search : all numbers of rounds
    """

    model: HistGradientBoostingRegressor
    search: Search

    @property
    def n_rounds(self) -> int:
        """Trees in the model, chosen on the selection rows."""
        return int(self.search.best("rounds"))

    @property
    def notes(self) -> tuple[Note, ...]:
        """Whether more rounds might have been better."""
        most = len(self.search.selection_nmse)
        if self.n_rounds < most:
            return ()
        message = (
            f"The last of {most} rounds was the best on the selection rows; a larger max_rounds tries more."
        )
        return (Note("W-ROUNDS", "boosting", message),)

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_obs,), outcome units."""
        return np.asarray(self.model.predict(panel.X), dtype=np.float64)

    def details(self) -> Mapping[str, Mapping[str, Sequence[object]]]:
        """Return the numbers of rounds that were tried."""
        return {"search": self.search.table()}


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
    provides: ClassVar[frozenset[type]] = frozenset({HasDetails, HasNotes})

    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.1
    max_rounds: Annotated[int, Field(ge=1)] = 300
    max_leaves: Annotated[int, Field(ge=2)] = 15
    min_leaf: Annotated[int, Field(ge=1)] = 20
    selection_share: Annotated[float, Field(gt=0, lt=1)] = 0.2

    def fit(self, panel: Panel, *, rng: Generator, selection: Panel | None = None) -> BoostingFit:
        """Fit on a panel; see `harness.Estimator`."""
        parts = split_to_select(panel, selection, share=self.selection_share, rng=rng)
        train, selection = parts.train, parts.selection
        if train.n_obs < 2 * self.min_leaf:
            raise EstimationError(
                Problem(
                    where="boosting",
                    what=f"{train.n_obs} training rows cannot fill two leaves of {self.min_leaf} rows",
                    allowed=f"at least {2 * self.min_leaf} training rows",
                    mend="set a smaller min_leaf, or leave boosting out",
                )
            )
        refuse_constant(train)
        grown = self._model(self.max_rounds).fit(train.X, train.observed)
        errors = [
            np.mean((selection.observed - predicted) ** 2) for predicted in grown.staged_predict(selection.X)
        ]
        rounds = range(1, self.max_rounds + 1)
        search = Search({"rounds": rounds}, np.array(errors) / train.observed.var())
        n_rounds = int(search.best("rounds"))
        return BoostingFit(self._model(n_rounds).fit(train.X, train.observed), search)

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
