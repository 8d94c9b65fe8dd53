"""A random forest whose leaves are as large as the selection rows want them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

import numpy as np
from numpy.random import Generator
from pydantic import Field

from harness import CanRunQuick, EstimationError, Floats, HasDetails, HasNotes, Note, Panel, Problem
from harness_sklearn.inputs import Inputs, make_inputs
from harness_sklearn.selection import Parts, Search, split_to_select

if TYPE_CHECKING:
    from sklearn.ensemble import RandomForestRegressor

QUICK_TREES = 30


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
    min_leaf : candidates for the least rows of a leaf
    column_share : share of the columns among which each split chooses; a third is Breiman's rule for
        regression
    selection_share : share of the training rows set aside where the protocol names no selection rows
    """

    name: ClassVar[str] = "random_forest"
    provides: ClassVar[frozenset[type]] = frozenset({CanRunQuick, HasDetails, HasNotes})

    trees: Annotated[int, Field(ge=1)] = 100
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
        return ForestFit(inputs, self._grow(inputs, parts.whole, min_leaf, seed), min_leaf, search)

    def _search(self, parts: Parts, seed: int) -> Search:
        """Grow a forest for every candidate that these rows can fill, and compare them."""
        possible = sorted((one for one in self.min_leaf if 2 * one <= parts.train.n_obs), reverse=True)
        if not possible:
            raise _too_few_rows(parts.train.n_obs, min(self.min_leaf))
        inputs = make_inputs(parts.train)
        X, outcome = inputs.values(parts.selection), inputs.outcome(parts.selection)
        errors = [
            np.mean((outcome - self._grow(inputs, parts.train, one, seed).predict(X)) ** 2)
            for one in possible
        ]
        return Search({"min_leaf": possible}, np.array(errors))

    def _grow(self, inputs: Inputs, panel: Panel, min_leaf: int, seed: int) -> RandomForestRegressor:
        from sklearn.ensemble import RandomForestRegressor

        forest = RandomForestRegressor(
            n_estimators=self.trees,
            min_samples_leaf=min_leaf,
            max_features=self.column_share,
            random_state=seed,
            n_jobs=1,
        )
        return forest.fit(inputs.values(panel), inputs.outcome(panel))


def _too_few_rows(n_obs: int, min_leaf: int) -> EstimationError:
    return EstimationError(
        Problem(
            where="random_forest",
            what=f"{n_obs} training rows cannot fill two leaves of {min_leaf} rows",
            allowed=f"at least {2 * min_leaf} training rows",
            mend="give a smaller min_leaf, or leave random_forest out",
        )
    )
