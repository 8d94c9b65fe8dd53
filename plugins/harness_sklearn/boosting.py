"""Gradient boosted trees, stopped on the selection rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from numpy.random import Generator
from pydantic import Field

from harness.plugin import (
    CanProfile,
    EstimationError,
    Floats,
    HasDetails,
    HasNotes,
    Note,
    Panel,
    Problem,
    Rung,
    SelectsRows,
)
from harness_sklearn.inputs import refuse_constant
from harness_sklearn.selection import Search, split_to_select
from harness_sklearn.tree_means import keep_rounds, mean_predictions

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingRegressor


@dataclass(frozen=True, eq=False)
class BoostingFit:
    """Boosted trees cut at the number of rounds with the least error on the selection rows.

    Attributes
    ----------
    model : fitted on the training rows, without the rounds beyond the chosen one
    search : all numbers of rounds that were grown
    most : rounds that might have been grown
    """

    model: HistGradientBoostingRegressor
    search: Search
    most: int

    @property
    def n_rounds(self) -> int:
        """Trees that predict, chosen on the selection rows."""
        return int(self.search.best("rounds"))

    @property
    def notes(self) -> tuple[Note, ...]:
        """Whether more rounds might have been better."""
        if self.n_rounds < self.most:
            return ()
        message = (
            f"The last of {self.most} rounds was the best on the selection rows; a larger max_rounds tries "
            "more."
        )
        return (Note("W-ROUNDS", "", message),)

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_obs,), outcome units."""
        return np.asarray(self.model.predict(panel.X), dtype=np.float64)

    def profile(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return mean predictions, (n_points,), as `harness.plugin.CanProfile` has it."""
        places = (panel.columns.index(name) for name in columns)
        return mean_predictions(self.model, panel.X, dict(zip(places, points.T, strict=True)))

    def details(self) -> Mapping[str, Mapping[str, Sequence[object]]]:
        """Return the numbers of rounds that were tried."""
        return {"search": self.search.table()}


@dataclass(frozen=True)
class Boosting:
    """Histogram gradient boosting (Friedman 2001; Ke et al. 2017), scikit-learn's implementation.

    Rounds are grown up to `max_rounds`, or until `patience` of them have not lowered the squared error on the
    selection rows; the model predicts with the number of rounds whose error there is least. Entity and time
    are no inputs.

    Attributes
    ----------
    learning_rate : shrinkage of each tree
    max_rounds : most trees
    patience : trees without a lower error on the selection rows after which no more are grown
    max_leaves : most leaves of a tree
    min_leaf : least rows of a leaf
    selection_share : share of the training rows set aside where the protocol names no selection rows
    """

    name: ClassVar[str] = "boosting"
    known_as: ClassVar[tuple[str, ...]] = ("gbm", "gradient_boosting", "xgboost", "lightgbm")
    rungs: ClassVar[tuple[Rung, ...]] = (Rung(200, "Boosted trees"),)
    provides: ClassVar[frozenset[type]] = frozenset({CanProfile, HasDetails, HasNotes, SelectsRows})

    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.1
    max_rounds: Annotated[int, Field(ge=1)] = 300
    patience: Annotated[int, Field(ge=1)] = 50
    max_leaves: Annotated[int, Field(ge=2)] = 15
    min_leaf: Annotated[int, Field(ge=1)] = 20
    selection_share: Annotated[float, Field(gt=0, lt=1)] = 0.2

    def fit(self, panel: Panel, *, rng: Generator, selection: Panel | None = None) -> BoostingFit:
        """Grow rounds on the training rows; see `harness.plugin.Estimator`.

        Raises
        ------
        EstimationError
            Where outcome or exposure do not vary, or rows do not fill two leaves.
        """
        parts = split_to_select(panel, selection, share=self.selection_share, rng=rng)
        train, selection = parts.train, parts.selection
        if train.n_obs < 2 * self.min_leaf:
            raise EstimationError(
                Problem(
                    where="boosting",
                    what=f"{train.n_obs} training rows cannot fill two leaves of {self.min_leaf} rows",
                    expected=f"at least {2 * self.min_leaf} training rows",
                    hint="set a smaller min_leaf, or leave boosting out",
                )
            )
        refuse_constant(train)
        model = self._model().fit(train.X, train.observed, X_val=selection.X, y_val=selection.observed)
        # The scores are those of the constant, then of each round: half the mean squared error, negative.
        errors = -2.0 * np.asarray(model.validation_score_[1:]) / train.observed.var()
        search = Search({"rounds": range(1, errors.size + 1)}, errors)
        keep_rounds(model, int(search.best("rounds")))
        return BoostingFit(model, search, self.max_rounds)

    def _model(self) -> HistGradientBoostingRegressor:
        from sklearn.ensemble import HistGradientBoostingRegressor

        return HistGradientBoostingRegressor(
            learning_rate=self.learning_rate,
            max_iter=self.max_rounds,
            max_leaf_nodes=self.max_leaves,
            min_samples_leaf=self.min_leaf,
            early_stopping=True,
            scoring="loss",
            n_iter_no_change=self.patience,
            tol=0.0,
            random_state=0,
        )
