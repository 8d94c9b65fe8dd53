"""An estimator of an outside library: the boosted trees of LightGBM.

estimators: [lightgbm]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from numpy.random import Generator
from pydantic import Field

from harness.plugin import EstimationError, Estimator, Floats, Panel, Problem, hookimpl

if TYPE_CHECKING:
    from lightgbm import Booster


@dataclass(frozen=True, eq=False)
class LightGbmFit:
    """The trees that were grown, and the units of their inputs.

    Attributes
    ----------
    mean, spread : (n_columns,), of the training rows. LightGBM gives zero a bin of its own, so that trees on
        raw columns would depend on where their zero is
    """

    booster: Booster
    mean: Floats
    spread: Floats

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_obs,), outcome units."""
        return np.asarray(self.booster.predict((panel.X - self.mean) / self.spread), dtype=np.float64)


@dataclass(frozen=True)
class LightGbm:
    """Boosted trees of LightGBM (Ke et al. 2017), of all regressors; entity and time are no inputs.

    Attributes
    ----------
    rounds : trees
    leaves : most leaves of a tree
    learning_rate : shrinkage of each tree
    min_leaf : least rows of a leaf
    """

    name: ClassVar[str] = "lightgbm"
    provides: ClassVar[frozenset[type]] = frozenset()

    rounds: Annotated[int, Field(ge=1)] = 100
    leaves: Annotated[int, Field(ge=2)] = 15
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.05
    min_leaf: Annotated[int, Field(ge=1)] = 20

    def fit(
        self,
        panel: Panel,
        *,
        rng: Generator,
        selection: Panel | None = None,
    ) -> LightGbmFit:
        """Grow all trees on the training rows, in an order that does not depend on that of the rows.

        Raises
        ------
        EstimationError
            Where the library is not installed, or rows do not fill two leaves.
        """
        try:
            import lightgbm
        except ImportError as error:
            what = "the library is not installed"
            raise EstimationError(Problem(self.name, what, hint="pip install lightgbm")) from error
        if panel.n_obs < 2 * self.min_leaf:
            what = f"{panel.n_obs} training rows cannot fill two leaves of {self.min_leaf} rows"
            raise EstimationError(Problem(self.name, what, hint="set a smaller min_leaf"))
        ordered = panel.take(panel.canonical_order)
        options = {
            "num_leaves": self.leaves,
            "learning_rate": self.learning_rate,
            "min_data_in_leaf": self.min_leaf,
            "num_threads": 1,
            "deterministic": True,
            "force_row_wise": True,
            "seed": int(rng.integers(2**31)),
            "verbosity": -1,
        }
        mean, spread = ordered.X.mean(axis=0), ordered.X.std(axis=0)
        spread = np.where(spread > 0, spread, 1.0)
        rows = lightgbm.Dataset((ordered.X - mean) / spread, ordered.observed, params={"verbosity": -1})
        return LightGbmFit(lightgbm.train(options, rows, num_boost_round=self.rounds), mean, spread)


@hookimpl
def harness_estimators() -> list[type[Estimator]]:
    """Return the estimators of this plugin."""
    return [LightGbm]
