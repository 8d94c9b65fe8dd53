"""Boosted trees and a random forest; the selection rows choose how many trees, and how large leaves are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

import numpy as np
import numpy.typing as npt
from numpy.random import Generator
from pydantic import Field

from harness import plugin
from harness.plugin import Coded, Floats, Inputs, Ints, LadderEntry, Note, Panel, make_inputs, marked
from harness_sklearn.any_regressor import RegressorFit
from harness_sklearn.selection import (
    ComparesOnParts,
    RowParts,
    Search,
    refuse_empty_draws,
    rows_in_use,
    shared_selection,
)

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor

harness_loads = ("sklearn.ensemble",)


@dataclass(frozen=True, eq=False)
class Tree:
    """A regression tree; a row goes to the left where its column is at most the threshold.

    Attributes
    ----------
    columns, thresholds, left, right : of each node; no column of a leaf
    values : of each node, what a row is predicted that ends there
    """

    columns: tuple[int | None, ...]
    thresholds: tuple[float, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]
    values: tuple[float, ...]

    @classmethod
    def of(cls, nodes: npt.NDArray[np.void]) -> Self:
        """Return a tree from the nodes that scikit-learn keeps of one."""
        asked = zip(nodes["feature_idx"].tolist(), nodes["is_leaf"].tolist(), strict=True)
        return cls(
            tuple(None if is_leaf else column for column, is_leaf in asked),
            *(tuple(nodes[name].tolist()) for name in ("num_threshold", "left", "right", "value")),
        )

    def add_sums(self, sums: Floats, X: Floats, points: Mapping[int, Floats]) -> None:
        """Add to sums, (n_points,), those of the predictions of all rows at each point.

        Rows part at columns that stay as they are, and points at those that are fixed; a leaf adds its value
        for each of the rows that come to it, at the points that come to it. So rows are looked at once for
        all points.

        Parameters
        ----------
        X : (n_obs, n_columns), best in Fortran order
        points : values of the fixed columns, (n_points,) each, by position
        """
        waiting: list[tuple[int, npt.NDArray[np.bool_] | None, Ints]] = [(0, None, np.arange(sums.size))]
        while waiting:
            node, rows, here = waiting.pop()
            column = self.columns[node]
            if column is None:
                sums[here] += self.values[node] * (len(X) if rows is None else np.count_nonzero(rows))
            elif column in points:
                goes_left = points[column][here] <= self.thresholds[node]
                parts = ((self.left[node], here[goes_left]), (self.right[node], here[~goes_left]))
                waiting += [(child, rows, some) for child, some in parts if some.size]
            else:
                is_left = X[:, column] <= self.thresholds[node]
                waiting.append((self.right[node], ~is_left if rows is None else rows & ~is_left, here))
                waiting.append((self.left[node], is_left if rows is None else rows & is_left, here))


def mean_predictions(model: HistGradientBoostingRegressor, X: Floats, points: Mapping[int, Floats]) -> Floats:
    """Return mean predictions over rows at each point, (n_points,), by the trees of a fitted model.

    Parameters
    ----------
    X : (n_obs, n_columns), finite
    points : values of the columns that all rows get, (n_points,) each, by position
    """
    (n_points,) = {values.size for values in points.values()}
    sums, columns = np.zeros(n_points), np.asfortranarray(X)
    for (predictor,) in model._predictors:
        Tree.of(predictor.nodes).add_sums(sums, columns, points)
    return np.asarray(float(np.squeeze(model._baseline_prediction)) + sums / len(X))


@dataclass(frozen=True, eq=False, repr=False)
class BoostingFit(plugin.LearnedFit):
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
        message = Coded(
            "The last of {most} rounds had the smallest selection error; increase max_rounds.", most=self.most
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


@plugin.checks_options
@dataclass(frozen=True)
class Boosting(ComparesOnParts):
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

    name: ClassVar[str] = plugin.marked("boosting")
    known_as: ClassVar[tuple[str, ...]] = ("gbm", "gradient_boosting", "xgboost", "lightgbm")
    ladder: ClassVar[tuple[LadderEntry, ...]] = (LadderEntry(200, plugin.marked("Boosted trees")),)
    provides: ClassVar[frozenset[type]] = frozenset(
        {plugin.CanProfile, plugin.ChecksRows, plugin.HasDetails, plugin.HasNotes, plugin.SelectsRows}
    )

    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.1
    max_rounds: Annotated[int, Field(ge=1)] = 300
    patience: Annotated[int, Field(ge=1)] = 50
    max_leaves: Annotated[int, Field(ge=2)] = 15
    min_leaf: Annotated[int, Field(ge=1)] = 20
    selection_share: Annotated[float, Field(gt=0, lt=1)] = 0.2

    @property
    def need(self) -> tuple[int, str, str]:
        """The least number of training rows, what cannot be done with fewer, and what helps."""
        hint = marked("set a smaller min_leaf, or drop boosting")
        return 2 * self.min_leaf, Coded("cannot fill two leaves of {n} rows", n=self.min_leaf), hint

    def fit(self, panel: Panel, *, rng: plugin.Stream = None, selection: Panel | None = None) -> BoostingFit:
        """Grow rounds on the training rows; see `harness.plugin.Estimator`.

        Raises
        ------
        EstimationError
            Where outcome or exposure do not vary, or rows do not fill two leaves.
        """
        parts = self.parts(panel, selection, rng=rng)
        train, selection = parts.train, parts.selection
        model = self._model().fit(train.X, train.observed, X_val=selection.X, y_val=selection.observed)
        # The scores are those of the constant, then of each round: half the mean squared error, negative.
        errors = -2.0 * np.asarray(model.validation_score_[1:]) / train.observed.var()
        search = Search({"rounds": range(1, errors.size + 1)}, errors)
        # No public way takes the trees beyond the best round out; to predict stage by stage took 1.4 times as
        # long on 200 rows.
        del model._predictors[int(search.best("rounds")) :]
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


@dataclass(frozen=True, eq=False, repr=False)
class ForestFit(RegressorFit):
    """A random forest.

    Attributes
    ----------
    min_leaf : least rows of a leaf, chosen on the selection rows
    search : all candidates
    """

    min_leaf: int
    search: Search

    def details(self) -> Mapping[str, Mapping[str, Sequence[object]]]:
        """Return the candidates."""
        return {"search": self.search.table()}


@dataclass(frozen=True, eq=False)
class ForestDraws:
    """A random forest a draw, all with leaves of the same least size.

    Attributes
    ----------
    inputs : from panels to what trees see, and back to outcome units
    models : one a draw
    min_leaf : least rows of a leaf
    """

    inputs: Inputs
    models: tuple[RandomForestRegressor, ...]
    min_leaf: int

    @property
    def notes(self) -> tuple[Note, ...]:
        """Columns left out."""
        return self.inputs.notes

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_draws, n_obs), outcome units."""
        # What trees store; converted once, not once a forest.
        X = self.inputs.values(panel).astype(np.float32)
        return self.inputs.in_outcome_units(np.stack([model.predict(X) for model in self.models]))


QUICK_TREES = 30


@plugin.checks_options
@dataclass(frozen=True)
class RandomForest(ComparesOnParts):
    """A random forest (Breiman 2001), scikit-learn's implementation.

    A forest is grown for each candidate of `min_leaf`, all from the same seed; the candidate with the least
    squared error on the selection rows is grown once more on all training rows: those that were set aside for
    the choice are among them, selection rows that the protocol names are not. Each tree resamples single
    rows. Entity and time are no inputs.

    Attributes
    ----------
    trees : of a forest
    draw_trees : of the forest of a bootstrap draw; fewer make draws cheaper and bands wider, since the chance
        in which trees are grown is then part of them
    min_leaf : candidates for the least rows of a leaf
    column_share : share of the columns among which each split chooses; a third is Breiman's rule for
        regression
    selection_share : share of the training rows set aside where the protocol names no selection rows
    """

    name: ClassVar[str] = plugin.marked("random_forest")
    known_as: ClassVar[tuple[str, ...]] = ("rf", "forest")
    ladder: ClassVar[tuple[LadderEntry, ...]] = (
        LadderEntry(210, plugin.marked("Random forest"), id="forest"),
    )
    provides: ClassVar[frozenset[type]] = frozenset(
        {
            *(plugin.CanFitDraws, plugin.CanPrepareDraws, plugin.CanRunQuick, plugin.HasDetails),
            *(plugin.ChecksRows, plugin.HasNotes, plugin.SelectsRows),
        }
    )

    trees: Annotated[int, Field(ge=1, le=100_000)] = 100
    draw_trees: Annotated[int, Field(ge=1, le=100_000)] = 25
    min_leaf: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)] = (2, 5, 15, 40)
    column_share: Annotated[float, Field(gt=0, le=1)] = 1 / 3
    selection_share: Annotated[float, Field(gt=0, lt=1)] = 0.2

    def quick(self) -> Self:
        """Return a copy with at most 30 trees."""
        return replace(self, trees=min(self.trees, QUICK_TREES))

    @property
    def need(self) -> tuple[int, str, str]:
        """The least number of training rows, what cannot be done with fewer, and what helps."""
        least, hint = min(self.min_leaf), marked("set a smaller min_leaf, or drop random_forest")
        return 2 * least, Coded("cannot fill two leaves of {n} rows", n=least), hint

    def fit(self, panel: Panel, *, rng: plugin.Stream = None, selection: Panel | None = None) -> ForestFit:
        """Choose the size of leaves, and grow a forest with it on all training rows.

        Raises
        ------
        EstimationError
            Where outcome or exposure do not vary, or rows do not fill two leaves.
        """
        rng = plugin.stream_or_seeded(rng)
        parts = self.parts(panel, selection, rng=rng)
        seed = int(rng.integers(2**32))
        search = self._search(parts, seed)
        min_leaf = int(search.best("min_leaf"))
        inputs = make_inputs(parts.whole)
        X, outcome = inputs.values(parts.whole), inputs.outcome(parts.whole)
        return ForestFit(inputs, self.forest(self.trees, min_leaf, seed).fit(X, outcome), min_leaf, search)

    def fit_draws(
        self, panel: Panel, *, weights: Floats, selection: plugin.DrawSelection, rng: Generator
    ) -> ForestDraws:
        """Choose the size of leaves once, then grow a forest of `draw_trees` trees on each draw's rows.

        The size is chosen as by `fit` on the rows that some draw trains on: on those that draws select on,
        where these are the same for all draws, and otherwise on a share of the units set aside.

        Parameters
        ----------
        weights : (n_draws, n_obs), counts; a row is grown on as often as it was drawn

        Raises
        ------
        EstimationError
            As by `fit`, or where a draw trains on no row.
        """
        rows, compared_on = rows_in_use(panel, weights), shared_selection(panel, selection)
        parts = self.parts(panel.take(rows), compared_on, rng=rng)
        rngs = [plugin.stream_at(rng, at) for at in range(len(weights))]
        return self._prepared(parts, rng=rng).fit(weights[:, rows], selection=None, rngs=rngs)

    def prepare_draws(self, panel: Panel, *, selection: Panel | None, rng: Generator) -> PreparedForests:
        """Choose the size of leaves for the forests of draws, as by `fit`.

        Raises
        ------
        EstimationError
            As by `fit`.
        """
        parts = self.parts(panel, selection, rng=rng)
        prepared, position = self._prepared(parts, rng=rng), np.argsort(panel.canonical_order)
        return replace(prepared, X=prepared.X[position], outcome=prepared.outcome[position])

    def _prepared(self, parts: RowParts, *, rng: Generator) -> PreparedForests:
        min_leaf = int(self._search(parts, int(rng.integers(2**32))).best("min_leaf"))
        inputs = make_inputs(parts.whole)
        X, outcome = inputs.values(parts.whole).astype(np.float32), inputs.outcome(parts.whole)
        return PreparedForests(self, inputs, X, outcome, min_leaf)

    def _search(self, parts: RowParts, seed: int) -> Search:
        """Grow a forest for every candidate that these rows can fill, and compare them."""
        possible = sorted((leaf for leaf in self.min_leaf if 2 * leaf <= parts.train.n_obs), reverse=True)
        inputs, errors = make_inputs(parts.train), []
        X, outcome = inputs.values(parts.train), inputs.outcome(parts.train)
        aside, observed = inputs.values(parts.selection), inputs.outcome(parts.selection)
        for leaf in possible:
            grown = self.forest(self.trees, leaf, seed).fit(X, outcome)
            errors.append(float(np.mean((observed - grown.predict(aside)) ** 2)))
        return Search({"min_leaf": possible}, np.array(errors))

    def forest(self, trees: int, min_leaf: int, seed: int) -> RandomForestRegressor:
        """Return a forest, not grown."""
        from sklearn.ensemble import RandomForestRegressor

        return RandomForestRegressor(
            n_estimators=trees,
            min_samples_leaf=min_leaf,
            max_features=self.column_share,
            random_state=seed,
            n_jobs=1,
        )


@dataclass(frozen=True, eq=False)
class PreparedForests:
    """What the forests of draws have in common.

    Attributes
    ----------
    options : of the forests
    inputs : from panels to columns
    X, outcome : (n_obs, n_inputs) and (n_obs,), the rows that weights of draws are of
    min_leaf : least rows of a leaf
    """

    options: RandomForest
    inputs: Inputs
    X: npt.NDArray[np.float32]
    outcome: Floats
    min_leaf: int

    def fit(self, weights: Floats, *, selection: Floats | None, rngs: Sequence[Generator]) -> ForestDraws:
        """Grow a forest on each draw's rows.

        Raises
        ------
        EstimationError
            Where a draw trains on no row.
        """
        refuse_empty_draws(weights, estimator=self.options.name)
        models = []
        for draw, rng in zip(weights.astype(np.int64), rngs, strict=True):
            rows = np.repeat(np.arange(draw.size), draw)
            forest = self.options.forest(self.options.draw_trees, self.min_leaf, int(rng.integers(2**32)))
            models.append(forest.fit(self.X[rows], self.outcome[rows]))
        return ForestDraws(self.inputs, tuple(models), self.min_leaf)
