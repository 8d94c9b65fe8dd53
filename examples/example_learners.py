"""Learners of outside libraries with the interface of scikit-learn: trees, networks, foundation models.

estimators: [lightgbm, catboost, realmlp, tabm, tabpfn, tabicl]

A library is imported where its learner is fitted; without it the cell says how to install it.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Protocol

import numpy as np
from numpy.random import Generator
from pydantic import Field

from harness.plugin import EstimationError, Estimator, Floats, Inputs, Panel, hookimpl, make_inputs

Count = Annotated[int, Field(ge=1)]
Rate = Annotated[float, Field(gt=0, le=1)]


def weights_of(learner: str) -> str:
    """Return the file of weights that the variable ``TABPFN_WEIGHTS`` or ``TABICL_WEIGHTS`` names.

    A spec, which may be a stranger's, names no such file.

    Raises
    ------
    EstimationError
        Where there is none.
    """
    variable = f"{learner.upper()}_WEIGHTS"
    weights = os.environ.get(variable, "")
    if not Path(weights).is_file():
        what = f"no weights: {variable} is {f'{weights!r}, which is no file' if weights else 'not set'}"
        hint = f"download the regressor's weights from its authors, and set {variable} to the file"
        raise EstimationError.at(learner, what, hint=hint)
    return weights


class Regressor(Protocol):
    """What has the interface of scikit-learn."""

    def fit(self, X: Floats, y: Floats, /) -> object:
        """Learn the outcome, (n_obs,), from inputs, (n_obs, n_columns)."""

    def predict(self, X: Floats, /) -> Floats:
        """Return predictions, (n_obs,)."""


@dataclass(frozen=True, eq=False)
class LearnerFit:
    """A fitted model, and the units of its inputs and of its outcome."""

    inputs: Inputs
    model: Regressor

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_obs,), outcome units."""
        predicted = np.asarray(self.model.predict(self.inputs.values(panel).copy()), dtype=np.float64)
        return self.inputs.in_outcome_units(predicted.ravel())


class Learner(ABC):
    """A regressor of a library, of all regressors of the panel; entity and time are no inputs.

    Inputs and outcome are standardised on the training rows. Rows to select on are not used: a learner that
    stops early sets rows of its own apart.
    """

    provides: ClassVar[frozenset[type]] = frozenset()
    name: ClassVar[str]
    package: ClassVar[str]

    @abstractmethod
    def regressor(self, seed: int) -> Regressor:
        """Return the regressor, not fitted."""

    def fit(self, panel: Panel, *, rng: Generator, selection: Panel | None = None) -> LearnerFit:
        """Fit on the training rows, in an order that does not depend on that of the rows.

        Raises
        ------
        EstimationError
            Where the library is not installed, or refuses the rows.
        """
        try:
            model = self.regressor(int(rng.integers(2**31)))
        except ImportError as error:
            hint = f"pip install {self.package}"
            raise EstimationError.at(self.name, "the library is not installed", hint=hint) from error
        ordered = panel.take(panel.canonical_order)
        inputs = make_inputs(ordered)
        try:
            model.fit(inputs.values(ordered).copy(), inputs.outcome(ordered).copy())
        except ValueError as error:
            raise EstimationError.at(self.name, str(error)) from error
        return LearnerFit(inputs, model)


@dataclass(frozen=True)
class LightGbm(Learner):
    """Boosted trees of LightGBM (Ke et al. 2017).

    Attributes
    ----------
    rounds : trees
    leaves : most leaves of a tree
    learning_rate : shrinkage of each tree
    min_leaf : least rows of a leaf
    """

    name: ClassVar[str] = "lightgbm"
    package: ClassVar[str] = "lightgbm"

    rounds: Count = 100
    leaves: Annotated[int, Field(ge=2)] = 15
    learning_rate: Rate = 0.05
    min_leaf: Count = 20

    def regressor(self, seed: int) -> Regressor:
        """Return the regressor, not fitted."""
        from lightgbm import LGBMRegressor

        own = {"num_leaves": self.leaves, "min_child_samples": self.min_leaf, "verbosity": -1, "n_jobs": 1}
        same = {"deterministic": True, "force_row_wise": True, "random_state": seed}
        return LGBMRegressor(n_estimators=self.rounds, learning_rate=self.learning_rate, **own, **same)


@dataclass(frozen=True)
class CatBoost(Learner):
    """Boosted symmetric trees of CatBoost (Prokhorenkova et al. 2018).

    Attributes
    ----------
    rounds : trees
    depth : of each tree
    learning_rate : shrinkage of each tree
    """

    name: ClassVar[str] = "catboost"
    package: ClassVar[str] = "catboost"

    rounds: Count = 500
    depth: Annotated[int, Field(ge=1, le=16)] = 6
    learning_rate: Rate = 0.03

    def regressor(self, seed: int) -> Regressor:
        """Return the regressor, not fitted; it writes no files."""
        from catboost import CatBoostRegressor

        own = {"iterations": self.rounds, "depth": self.depth, "learning_rate": self.learning_rate}
        still = {"verbose": False, "allow_writing_files": False, "thread_count": 1}
        return CatBoostRegressor(**own, **still, random_seed=seed)


@dataclass(frozen=True)
class RealMlp(Learner):
    """A network with tuned defaults (Holzmüller et al. 2024).

    Attributes
    ----------
    epochs : of training; the best by a fifth of the training rows is taken
    """

    name: ClassVar[str] = "realmlp"
    package: ClassVar[str] = "pytabkit"

    epochs: Count = 256

    def regressor(self, seed: int) -> Regressor:
        """Return the regressor, not fitted."""
        from pytabkit import RealMLP_TD_Regressor

        return RealMLP_TD_Regressor(device="cpu", n_threads=1, random_state=seed, n_epochs=self.epochs)


@dataclass(frozen=True)
class TabM(Learner):
    """An ensemble of networks that share most of their weights (Gorishniy et al. 2025).

    Attributes
    ----------
    members : of the ensemble
    epochs : of training, at most
    patience : epochs without a smaller error on a fifth of the training rows after which it stops
    """

    name: ClassVar[str] = "tabm"
    package: ClassVar[str] = "pytabkit"

    members: Count = 32
    epochs: Count = 200
    patience: Count = 16

    def regressor(self, seed: int) -> Regressor:
        """Return the regressor, not fitted."""
        from pytabkit import TabM_D_Regressor

        own = {"tabm_k": self.members, "n_epochs": self.epochs, "patience": self.patience}
        return TabM_D_Regressor(device="cpu", n_threads=1, random_state=seed, **own)


@dataclass(frozen=True)
class TabPfn(Learner):
    """A network trained on simulated tables, which sees the training rows as context (Hollmann et al. 2025).

    It loads the weights that the user has, from the file that the variable ``TABPFN_WEIGHTS`` of the
    environment names, and downloads none.

    Attributes
    ----------
    members : of the ensemble over permuted columns
    """

    name: ClassVar[str] = "tabpfn"
    package: ClassVar[str] = "tabpfn"

    members: Count = 8

    def regressor(self, seed: int) -> Regressor:
        """Return the regressor, not fitted.

        Raises
        ------
        EstimationError
            Where there are no weights.
        """
        from tabpfn import TabPFNRegressor

        own = {"model_path": weights_of(self.name), "n_estimators": self.members, "device": "cpu"}
        return TabPFNRegressor(**own, random_state=seed)


@dataclass(frozen=True)
class TabIcl(Learner):
    """A network trained on simulated tables, with weights under BSD-3 (Qu et al. 2026, TabICL v2).

    It loads the weights that the user has, from the file that the variable ``TABICL_WEIGHTS`` of the
    environment names, and downloads none.

    Attributes
    ----------
    members : of the ensemble over permuted columns
    """

    name: ClassVar[str] = "tabicl"
    package: ClassVar[str] = "tabicl"

    members: Count = 8

    def regressor(self, seed: int) -> Regressor:
        """Return the regressor, not fitted.

        Raises
        ------
        EstimationError
            Where there are no weights.
        """
        from tabicl import TabICLRegressor

        own = {"model_path": weights_of(self.name), "allow_auto_download": False, "device": "cpu"}
        return TabICLRegressor(**own, n_estimators=self.members, random_state=seed)


@hookimpl
def harness_estimators() -> list[type[Estimator]]:
    """Return the estimators of this plugin."""
    return [LightGbm, CatBoost, RealMlp, TabM, TabPfn, TabIcl]
