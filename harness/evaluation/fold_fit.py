"""One cell of the comparison: an estimator fitted on a fold and asked for both sides of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from time import perf_counter

from numpy.random import Generator

from harness.arrays import Floats
from harness.data.panel import Panel
from harness.errors import EstimationError
from harness.estimators.guard import Status, attempt, fitted, limits_of, notes_of, predict
from harness.estimators.protocol import Estimator, HasChoice, HasEffects, check_rows
from harness.evaluation.protocol import Fold
from harness.language import Coded, marked
from harness.rng import random_stream
from harness.tables.accuracy import LEVEL
from harness.tables.preparation import Note


@dataclass(frozen=True)
class FoldCell:
    """Where a fit belongs in a study; also the label of its random stream."""

    outcome: str
    estimator: str
    protocol: str
    fold: str

    def __str__(self) -> str:
        return " · ".join((self.outcome, self.estimator, self.protocol, self.fold))


@dataclass(frozen=True, eq=False)
class FoldPredictions:
    """What a fit predicts on both sides of its fold.

    Attributes
    ----------
    train, test : (n_train,) and (n_test,), outcome units
    train_variance : > 0, variance of the outcome on the training rows
    n_unseen : test rows predicted with a mean effect, their entity or period being new
    notes : what the fit has to say
    choice : label of the candidate that it is the fit of; empty where there is one alone
    limits : (2, n_test), of prediction intervals of the test rows by the model; None where it has none
    """

    train: Floats
    test: Floats
    train_variance: float
    n_unseen: int
    notes: tuple[Note, ...]
    choice: str = ""
    limits: Floats | None = None


@dataclass(frozen=True, eq=False)
class FoldResult:
    """How a cell went.

    Attributes
    ----------
    predictions : None unless `status` is ``ok``
    seconds : wall time
    memory : bytes that it took at its height; NaN where that was not measured
    """

    cell: FoldCell
    predictions: FoldPredictions | None
    status: Status
    reason: str
    seconds: float
    memory: float = float("nan")

    @property
    def label(self) -> str:
        """Name of the cell, for progress and manifest."""
        return str(self.cell)


@dataclass(frozen=True, eq=False)
class FoldTask:
    """A cell that is ready to run in any process.

    Attributes
    ----------
    panel : all rows, prepared as the protocol says
    seed : root seed of the study
    stream : label of the random stream, where it is not the estimator's id
    """

    cell: FoldCell
    estimator: Estimator
    panel: Panel
    fold: Fold
    seed: int
    stream: str = ""

    @property
    def estimator_id(self) -> str:
        """Id of the estimator that is asked."""
        return self.cell.estimator

    @property
    def label(self) -> str:
        """Name of the cell."""
        return str(self.cell)

    def run(self) -> FoldResult:
        """Fit, predict, and keep the reason where that cannot be done."""
        start = perf_counter()
        tried = attempt(partial(fit_and_predict, self))
        return FoldResult(self.cell, tried.value, tried.status, tried.reason, perf_counter() - start)

    def failed(self, reason: str) -> FoldResult:
        """Return what stands for a result that could not be had."""
        return FoldResult(self.cell, None, "failed", reason, 0.0)


def check_fold(task: FoldTask) -> None:
    """Refuse the training rows of a cell without a fit, as far as the estimator can tell.

    Raises
    ------
    EstimationError
        As by `fit_and_predict`.
    """
    train, selection, rng = _training(task)
    check_rows(task.estimator, train, rng=rng, selection=selection)


def fit_and_predict(task: FoldTask) -> FoldPredictions:
    """Fit on the training rows and predict both sides.

    Raises
    ------
    EstimationError
        Where there are no training rows, the outcome is constant on them, or the estimator refuses them.
    """
    train, selection, rng = _training(task)
    test = task.panel.take(task.fold.test)
    fit = fitted(task.estimator, train, rng=rng, selection=selection)
    sides = predict(fit, train), predict(fit, test)
    n_unseen = int(fit.n_unseen(test)) if isinstance(fit, HasEffects) else 0
    choice = fit.choice if isinstance(fit, HasChoice) else ""
    limits = limits_of(fit, test, LEVEL)
    return FoldPredictions(*sides, float(train.observed.var()), n_unseen, notes_of(fit), choice, limits)


def _training(task: FoldTask) -> tuple[Panel, Panel | None, Generator]:
    """Return training rows, selection rows and the random stream of a cell; refuse what nobody fits."""
    fold = task.fold
    if fold.train.size == 0:
        hint = marked("set fewer folds, or drop this protocol")
        raise EstimationError.at(str(task.cell), marked("no rows are left to train on"), hint=hint)
    train = task.panel.take(fold.train)
    if train.observed.var() == 0:
        what = Coded("'{outcome}' is constant in the training rows", outcome=train.outcome)
        raise EstimationError.at(str(task.cell), what, hint=marked("check the outcome"))
    labels = {**vars(task.cell), "estimator": task.stream or task.cell.estimator}
    selection = None if fold.selection is None else task.panel.take(fold.selection)
    return train, selection, random_stream(task.seed, "fit", *labels.values())
