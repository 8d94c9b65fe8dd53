"""A random forest whose leaves are as large as the selection rows want them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

import numpy as np
import numpy.typing as npt
from numpy.random import Generator
from pydantic import Field

from harness import plugin
from harness.plugin import DrawSelection, Floats, LadderEntry, Note, Panel, marked, stream_at
from harness_sklearn.inputs import Inputs, make_inputs
from harness_sklearn.selection import (
    RowParts,
    Search,
    refuse_empty_draws,
    require_rows,
    rows_in_use,
    shared_selection,
    split_to_select,
)

if TYPE_CHECKING:
    from sklearn.ensemble import RandomForestRegressor


@dataclass(frozen=True, eq=False)
class ForestFit:
    """A random forest.

    Attributes
    ----------
    inputs : from panels to what trees see, and back to outcome units
    model : fitted on all training rows
    min_leaf : least rows of a leaf, chosen on the selection rows
    search : all candidates
    """

    inputs: Inputs
    model: RandomForestRegressor
    min_leaf: int
    search: Search

    @property
    def notes(self) -> tuple[Note, ...]:
        """Columns left out."""
        return self.inputs.notes

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_obs,), outcome units."""
        return self.inputs.in_outcome_units(self.model.predict(self.inputs.values(panel)))

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


@dataclass(frozen=True)
class RandomForest:
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

    name: ClassVar[str] = "random_forest"
    known_as: ClassVar[tuple[str, ...]] = ("rf", "forest")
    ladder: ClassVar[tuple[LadderEntry, ...]] = (LadderEntry(210, "Random forest", id="forest"),)
    provides: ClassVar[frozenset[type]] = frozenset(
        {
            *(plugin.CanFitDraws, plugin.CanPrepareDraws, plugin.CanRunQuick, plugin.HasDetails),
            *(plugin.HasNotes, plugin.SelectsRows),
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

    def fit(self, panel: Panel, *, rng: Generator, selection: Panel | None = None) -> ForestFit:
        """Choose the size of leaves, and grow a forest with it on all training rows.

        Raises
        ------
        EstimationError
            Where outcome or exposure do not vary, or rows do not fill two leaves.
        """
        parts = split_to_select(panel, selection, share=self.selection_share, rng=rng)
        seed = int(rng.integers(2**32))
        search = self._search(parts, seed)
        min_leaf = int(search.best("min_leaf"))
        inputs = make_inputs(parts.whole)
        X, outcome = inputs.values(parts.whole), inputs.outcome(parts.whole)
        model = self.forest(self.trees, min_leaf, seed).fit(X, outcome)
        return ForestFit(inputs, model, min_leaf, search)

    def fit_draws(
        self, panel: Panel, *, weights: Floats, selection: DrawSelection, rng: Generator
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
        parts = split_to_select(panel.take(rows), compared_on, share=self.selection_share, rng=rng)
        rngs = [stream_at(rng, at) for at in range(len(weights))]
        return self._prepared(parts, rng=rng).fit(weights[:, rows], selection=None, rngs=rngs)

    def prepare_draws(self, panel: Panel, *, selection: Panel | None, rng: Generator) -> PreparedForests:
        """Choose the size of leaves for the forests of draws, as by `fit`.

        Raises
        ------
        EstimationError
            As by `fit`.
        """
        parts = split_to_select(panel, selection, share=self.selection_share, rng=rng)
        prepared, position = self._prepared(parts, rng=rng), np.argsort(panel.canonical_order)
        return replace(prepared, X=prepared.X[position], outcome=prepared.outcome[position])

    def _prepared(self, parts: RowParts, *, rng: Generator) -> PreparedForests:
        min_leaf = int(self._search(parts, int(rng.integers(2**32))).best("min_leaf"))
        inputs = make_inputs(parts.whole)
        X, outcome = inputs.values(parts.whole).astype(np.float32), inputs.outcome(parts.whole)
        return PreparedForests(self, inputs, X, outcome, min_leaf)

    def _search(self, parts: RowParts, seed: int) -> Search:
        """Grow a forest for every candidate that these rows can fill, and compare them."""
        least = min(self.min_leaf)
        require_rows(
            parts.train.n_obs,
            2 * least,
            estimator=self.name,
            why=f"cannot fill two leaves of {least} rows",
            hint=marked("give a smaller min_leaf, or leave random_forest out"),
        )
        possible = sorted((leaf for leaf in self.min_leaf if 2 * leaf <= parts.train.n_obs), reverse=True)
        inputs = make_inputs(parts.train)
        errors = [self._error(inputs, parts, self.forest(self.trees, leaf, seed)) for leaf in possible]
        return Search({"min_leaf": possible}, np.array(errors))

    def _error(self, inputs: Inputs, parts: RowParts, forest: RandomForestRegressor) -> float:
        """Grow a candidate and return its mean squared error on the selection rows."""
        grown = forest.fit(inputs.values(parts.train), inputs.outcome(parts.train))
        predicted = grown.predict(inputs.values(parts.selection))
        return float(np.mean((inputs.outcome(parts.selection) - predicted) ** 2))

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
