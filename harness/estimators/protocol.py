"""The interface of estimators, and their optional capabilities.

`Estimator` and `Fitted` are required. Everything else is a capability: a protocol class that an estimator
lists in `provides` when it, or its fits, have the members named there.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, ClassVar, Literal, Protocol, Self, get_args, runtime_checkable

from numpy.random import Generator

from harness.arrays import Floats
from harness.data.panel import Panel
from harness.estimators.coefficients import CoefficientTable
from harness.registry.catalog import Choose, Kind, OptionsClass
from harness.study.spec.entry import IDENTIFIED, LadderEntry, SimpleRival, identified_by
from harness.tables.preparation import Note
from harness.terminal import echo


class Fitted(Protocol):
    """A fitted model, which predicts."""

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_obs,), outcome units, in the order of the panel's rows."""


class FittedDraws(Protocol):
    """Fits of one estimator, one per draw."""

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_draws, n_obs), outcome units."""


# Least squares of all rows, the same after effects are taken out, with random effects of entities, of their
# means; the first two with instruments; lags of the outcome by GMM; means over neighbours by likelihood.
LinearModel = Literal["pooled", "within", "random", "between", "instrumental", "dynamic", "spatial"]


@runtime_checkable
class Estimator(Protocol):
    """A frozen dataclass of options that can be fitted.

    Attributes
    ----------
    name : as written in YAML after ``use:``
    provides : capabilities, named by their protocol classes

    Optional class attributes: ``ladder``, a tuple of `harness.plugin.LadderEntry` for ``estimators: ladder``;
    ``rivals``, a tuple of `harness.plugin.SimpleRival`, as which `best_simple` tries it;
    ``known_as``, other names, used in hints; ``instead_of``, what to write for methods that nobody offers, by
    their names separated by blanks; ``roundoff``, the rounding error of predictions in standard
    deviations of the outcome, if it computes in less than 64 bits; ``linear_model``, the equivalent
    regression in other programs (`LinearModel`), for ``harness export``; ``as_learner``, how well it
    learns the nuisance functions of debiased effects (`AsLearner`); ``identifies``, what its coefficient of
    the exposure identifies (`harness.study.spec.entry`), for the headline effect of a study;
    ``takes``, which outcomes it takes (`Takes`).
    """

    name: ClassVar[str]
    provides: ClassVar[frozenset[type]]

    def fit(self, panel: Panel, *, rng: Generator, selection: Panel | None = None) -> Fitted:
        """Fit on a panel.

        Parameters
        ----------
        panel : training rows
        rng : the only source of randomness
        selection : rows for model selection and early stopping; with None the estimator splits `panel`
            itself by `panel.split_unit` (see `inner_split`)

        Raises
        ------
        EstimationError
            If the rows cannot be estimated on; the result table then reports the reason.
        """


# Largest rounding that an estimator may declare, in standard deviations of the outcome.
MOST_ROUNDOFF = 0.01


def linear_model_of(estimator: type) -> LinearModel | None:
    """Return which regression that other programs know an estimator is, as it declares; None of others."""
    return getattr(estimator, "linear_model", None)


# How an estimator learns the nuisance functions of debiased effects: ``default``, unless a study names other
# learners; ``holds``, false findings were measured to be as rare as they should with few entities too;
# ``refused``, it is fitted to means or changes of rows and leaves confounders in their levels. Others are
# trusted with many entities alone.
AsLearner = Literal["default", "holds", "refused"]


def as_learner(estimator: type) -> AsLearner | None:
    """Return how estimators of a class learn for debiased effects, as it declares; None where it does not."""
    return getattr(estimator, "as_learner", None)


# Which outcomes an estimator takes: of any, a y + b is predicted by a f + b; of those from zero on, a y by
# a f; of zero and one, 1 - y by 1 - f.
Takes = Literal["any", "from zero", "zero or one"]


def takes(estimator: type) -> Takes:
    """Return which outcomes estimators of a class take, as it declares; any where it does not."""
    declared: Takes = getattr(estimator, "takes", "any")
    return declared


def rivals_of(estimator: type) -> tuple[SimpleRival, ...]:
    """Return as which candidates for the best simple estimator a class competes; not those of its base."""
    return tuple(vars(estimator).get("rivals", ()))


def _wrong_values(cls: type) -> str:
    provides, ladder = getattr(cls, "provides", None), getattr(cls, "ladder", ())
    if not isinstance(provides, frozenset) or not all(isinstance(able, type) for able in provides):
        return "has a `provides` that is no frozenset of capabilities; none is frozenset()"
    if not isinstance(ladder, tuple) or not all(isinstance(entry, LadderEntry) for entry in ladder):
        return "has a `ladder` that is no tuple of harness.plugin.LadderEntry"
    if not all(isinstance(rival, SimpleRival) for rival in rivals_of(cls)):
        return "has `rivals` that are no tuple of harness.plugin.SimpleRival"
    roundoff = getattr(cls, "roundoff", 0.0)
    if not isinstance(roundoff, float) or not 0.0 <= roundoff <= MOST_ROUNDOFF:
        return f"has a `roundoff` that is no number from 0 to {MOST_ROUNDOFF}"
    if linear_model_of(cls) not in (None, *get_args(LinearModel)):
        return f"has a `linear_model` that is none of {', '.join(get_args(LinearModel))}"
    if identified_by(cls) not in (None, *IDENTIFIED):
        return f"has an `identifies` that is none of {', '.join(IDENTIFIED)}"
    if takes(cls) not in get_args(Takes):
        return f"has a `takes` that is none of {', '.join(get_args(Takes))}"
    if as_learner(cls) not in (None, *get_args(AsLearner)):
        return f"has an `as_learner` that is none of {', '.join(get_args(AsLearner))}"
    return ""


# Estimators that a spec can choose.
ESTIMATOR: Kind[type[Estimator]] = Kind(
    "estimator", "estimators", OptionsClass(("fit",), further=_wrong_values)
)

# Type of an option that is itself an estimator, written ``{use: NAME, ...}`` in YAML.
NestedEstimator = Annotated[Estimator, Choose(ESTIMATOR.name)]


# What draws select on: counts of the rows they share, (n_draws, n_obs), rows of their own, or nothing.
DrawSelection = Floats | Panel | None


@runtime_checkable
class CanFitDraws(Protocol):
    """Capability of an estimator: many weighted fits at once."""

    def fit_draws(
        self, panel: Panel, *, weights: Floats, selection: DrawSelection, rng: Generator
    ) -> FittedDraws:
        """Fit once per draw.

        A draw may omit all rows of an entity or period that it is later asked to predict. The effect of such
        a category is estimated from its rows in `panel`, given the rest of the draw (see
        `with_omitted_levels`); only categories without any row get the mean effect.

        Parameters
        ----------
        panel : training rows, shared by all draws
        weights : (n_draws, n_obs), >= 0
            Frequency weights of the training rows; zero drops a row.
        selection : (n_draws, n_obs), >= 0, a panel, or None
            Frequency weights for model selection and early stopping, or separate rows shared by all draws. A
            row with zero here and in `weights` only informs the effects of its otherwise empty categories.
        rng : the only source of randomness
        """


class PreparedDraws(Protocol):
    """What all draws of an estimator share, such as the size of a network; it can be pickled."""

    def fit(self, weights: Floats, *, selection: Floats | None, rngs: Sequence[Generator]) -> FittedDraws:
        """Fit once per draw; draws do not depend on each other.

        Parameters
        ----------
        weights : (n_draws, n_obs), frequency weights of the prepared rows
        selection : (n_draws, n_obs), frequency weights for model selection; None if separate rows were given,
            or none are needed
        rngs : one per draw, its only source of randomness
        """


@runtime_checkable
class CanPrepareDraws(Protocol):
    """Capability of an estimator: shared preparation of its draws.

    For estimators that search something on all rows before fitting draws, in addition to `CanFitDraws`: the
    search is then done once and not for every block of draws.
    """

    def prepare_draws(self, panel: Panel, *, selection: Panel | None, rng: Generator) -> PreparedDraws:
        """Prepare what all draws share.

        Parameters
        ----------
        panel : rows that the weights of draws refer to
        selection : separate rows for model selection in all draws; with None each draw holds out rows of
            `panel`
        rng : the only source of randomness; draws have separate streams

        Raises
        ------
        EstimationError
            As by `fit`.
        """


class DrawMaker(Protocol):
    """Makes the draws whose mean is the fit; it can be pickled.

    Its `HasDetails` or `HasNotes` hold for the fit.
    """

    def draw(self, draws: range) -> FittedDraws:
        """Return these draws, counted from 0; draws do not depend on each other.

        Raises
        ------
        EstimationError
            If a draw cannot be fitted.
        """


@runtime_checkable
class FitsByDraws(Protocol):
    """Capability of an estimator: its fit is the mean of draws that can be made in separate blocks.

    If scenarios only need results draw by draw, `fit` is not called and the blocks are made on all workers.
    """

    @property
    def draws(self) -> int:
        """Number of draws, >= 2."""

    def prepare(self, panel: Panel, *, rng: Generator, selection: Panel | None = None) -> DrawMaker:
        """Return the maker of the draws whose mean is `fit` with these arguments.

        Raises
        ------
        EstimationError
            As by `fit`.
        """


@runtime_checkable
class DrawsMaySelect(Protocol):
    """Capability of an estimator with model selection: whether its draws select too."""

    @property
    def draws_select(self) -> bool:
        """Whether draws select; if not, resamples hold out no rows."""


@runtime_checkable
class CanFitOutcomes(Protocol):
    """Capability of an estimator: it fits several outcomes of the same rows at once.

    For estimators with costly work on the regressors. Nuisance functions of debiased effects are learned this
    way; the version that learns them (`CanLearnNuisances`) may smooth all outcomes alike.
    """

    def fit_outcomes(self, panel: Panel, outcomes: Floats, *, rngs: Sequence[Generator]) -> FittedDraws:
        """Fit each outcome as `Estimator.fit` would without selection rows.

        Parameters
        ----------
        panel : the rows; its own outcome is ignored
        outcomes : (n_outcomes, n_obs), at least one
        rngs : one per outcome, its only source of randomness

        Returns
        -------
        FittedDraws
            Whose predictions are (n_outcomes, n_obs).

        Raises
        ------
        EstimationError
            If an outcome cannot be estimated from these rows.
        """


@runtime_checkable
class ChecksRows(Protocol):
    """Capability of an estimator: it tells without fitting which rows it refuses; ``harness validate`` asks.

    Estimators of coefficients whose fits cost little (`CanFitFolds`) need none: they are fitted.
    """

    def check_rows(self, panel: Panel, *, rng: Generator, selection: Panel | None = None) -> None:
        """Refuse rows, given as to `Estimator.fit`, that `fit` would refuse before it computes much.

        Raises
        ------
        EstimationError
            The one that `fit` would raise.
        """


def check_rows(
    estimator: Estimator, panel: Panel, *, rng: Generator, selection: Panel | None = None
) -> Fitted | None:
    """Refuse rows as far as an estimator tells without much work: by `ChecksRows` or by a cheap fit.

    Returns
    -------
    The fit, where there is one.

    Raises
    ------
    EstimationError
        The one that `fit` would raise.
    """
    if isinstance(estimator, ChecksRows):
        estimator.check_rows(panel, rng=rng, selection=selection)
    elif {HasCoefficients, CanFitFolds} <= estimator.provides:
        return for_folds(estimator).fit(panel, rng=rng, selection=selection)
    return None


@runtime_checkable
class CanRunQuick(Protocol):
    """Capability of an estimator: a cheaper version of itself for ``--quick``."""

    def quick(self) -> Self:
        """Return a copy with fewer draws or restarts."""


@runtime_checkable
class CanFitFolds(Protocol):
    """Capability of an estimator: a cheaper version of itself for folds, which only need predictions."""

    def for_folds(self) -> Self:
        """Return a copy with the same accuracy, to about one per cent of mean squared error."""


def quick(estimator: Estimator) -> Estimator:
    """Return the estimator as a quick run has it."""
    return estimator.quick() if isinstance(estimator, CanRunQuick) else estimator


def for_folds(estimator: Estimator) -> Estimator:
    """Return the estimator as folds are fitted: without what only a table of coefficients needs."""
    return estimator.for_folds() if isinstance(estimator, CanFitFolds) else estimator


@runtime_checkable
class CanLearnNuisances(Protocol):
    """Capability of an estimator: a version of itself for the nuisance functions of debiased effects.

    Options tuned for prediction shrink, and shrinkage in both nuisance functions biases a debiased effect.
    Estimators without this capability learn the residuals of least squares (`harness.scenarios.effect`).
    """

    def for_nuisances(self) -> Self:
        """Return a copy with little shrinkage; explicitly set options are kept."""


def for_nuisances(estimator: Estimator) -> Estimator:
    """Return the estimator as it learns the nuisance functions of a debiased effect."""
    return estimator.for_nuisances() if isinstance(estimator, CanLearnNuisances) else estimator


@runtime_checkable
class CanLearnWithin(Protocol):
    """Capability of an estimator: it can learn from within-entity variation alone.

    Nuisance functions of debiased effects are then changes of one function of a row, instead of a function of
    two rows, or of a row and its entity means, which is harder to learn.
    """

    def within_entities(self) -> Self | None:
        """Return a copy with entity and period effects in addition to its function of the regressors.

        Its fits give new entities the mean effect (`HasEffects`). None if impossible, as for an ensemble of
        estimators without effects.
        """


@runtime_checkable
class NeedsGroups(Protocol):
    """Capability of an estimator: it groups rows by columns without another role."""

    @property
    def group_columns(self) -> tuple[str, ...]:
        """The columns; `Panel.groups` of every panel passed to the estimator has them."""


@runtime_checkable
class SelectsRows(Protocol):
    """Capability of an estimator: it selects models, or stops early, on rows held out of training.

    Resamples of such an estimator hold out rows as its own fit does.
    """

    @property
    def selection_share(self) -> float:
        """Share of entities (rows, periods), in (0, 1), held out if no selection rows are given."""


@runtime_checkable
class ComparesCandidates(Protocol):
    """Capability of an estimator: it fits several candidates and keeps the best.

    Their number is the tuning budget; a suite refuses estimators with different budgets.
    """

    @property
    def candidates(self) -> tuple[Estimator, ...]:
        """The candidates; the first has the default options."""


@runtime_checkable
class HasDraws(Protocol):
    """Capability of a fit: it has draws of its own, as a bootstrap ensemble."""

    @property
    def draws(self) -> FittedDraws:
        """The draws."""


@runtime_checkable
class HasCoefficients(Protocol):
    """Capability of a fit: a coefficient table."""

    def coefficients(self) -> CoefficientTable:
        """Return estimates with their covariance and its corrections named."""


@runtime_checkable
class HasChoice(Protocol):
    """Capability of a fit: it is that of one of several candidates."""

    @property
    def choice(self) -> str:
        """Label of the candidate."""


@runtime_checkable
class HasNotes(Protocol):
    """Capability of a fit: warnings for the report."""

    @property
    def notes(self) -> tuple[Note, ...]:
        """Warnings about this fit for the report."""


# A tidy table by columns, all of one length.
Columns = Mapping[str, Sequence[object]]


@runtime_checkable
class HasDetails(Protocol):
    """Capability of a fit: tables of its own, such as what a search tried and chose."""

    def details(self) -> Mapping[str, Columns]:
        """Return tables by name, each written as ``details/NAME.csv`` with outcome and estimator before it.

        Estimators with the same kind of details use the same names and columns; the docs list those in use.
        """


@runtime_checkable
class HasResultRows(Protocol):
    """Capability of a fit: rows of the harness's result tables without a scenario.

    Examples: the breakpoint of a threshold model, the turning point of a parabola. They are listed in the
    same tables as the findings of scenarios.
    """

    def result_rows(self) -> Mapping[str, Columns]:
        """Return rows by the table's name, each by its columns in `harness.tables`.

        Outcome and estimator are filled in, the scenario stays empty, and the status is ``ok`` unless given.
        """


@runtime_checkable
class CanProfile(Protocol):
    """Capability of a fit, or of draws: mean predictions at given values without predicting every row.

    Curves and surfaces need mean predictions at many values of one or two columns. The result must equal, up
    to rounding, the mean of `predict` over the rows of the panel with these columns changed.
    """

    def profile(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return the mean prediction over the panel's rows at each point.

        Parameters
        ----------
        panel : rows whose other columns are unchanged
        columns : regressors set to the same value in all rows; regressors derived from them are included, so
            `panel.derived` need not be recomputed
        points : (n_points, n_columns), units of the columns

        Returns
        -------
        (n_points,) of a fit and (n_draws, n_points) of draws, outcome units.
        """


@runtime_checkable
class HasIntervals(Protocol):
    """Capability of a fit: prediction intervals by its model, such as those of a Gaussian process.

    `accuracy.csv` has their coverage and width on test rows, next to those of conformal intervals.
    """

    def intervals(self, panel: Panel, level: float) -> Floats | None:
        """Return limits that hold each row's outcome with probability `level`, the lower ones first.

        Returns
        -------
        (2, n_obs), outcome units; None of a fit that has another one within, which gives none.
        """


@runtime_checkable
class HasEffects(Protocol):
    """Capability of a fit: it has entity or period effects, which new entities or periods lack."""

    def n_unseen(self, panel: Panel) -> int:
        """Return the number of rows predicted with the mean effect because their entity or period is new."""


# Every capability there is.
CAPABILITIES: frozenset[type] = frozenset(
    found
    for found in list(vars().values())
    if isinstance(found, type) and getattr(found, "_is_runtime_protocol", False) and found is not Estimator
)


def with_nested(estimator: object) -> Iterator[object]:
    """Yield an estimator and every estimator among its options, at any depth."""
    yield estimator
    if not dataclasses.is_dataclass(estimator):
        return
    for option in dataclasses.fields(estimator):
        value = getattr(estimator, option.name)
        for chosen in value if isinstance(value, tuple) else (value,):
            if isinstance(chosen, Estimator):
                yield from with_nested(chosen)


def grouped_by(estimator: Estimator) -> tuple[str, ...]:
    """Return the columns that an estimator, or one nested in it, groups rows by, each once."""
    needing = (nested for nested in with_nested(estimator) if isinstance(nested, NeedsGroups))
    return tuple(dict.fromkeys(name for nested in needing for name in nested.group_columns))


def absorbs_entities(estimator: Estimator) -> bool:
    """Return whether an estimator, or one nested in it, takes out a level of each entity.

    One with the option ``effects`` or ``absorb`` does where ``entity`` is among them; another does where its
    fits have effects, as differences and random effects do.
    """
    nested = [one for one in with_nested(estimator) if one is not estimator and isinstance(one, Estimator)]
    if nested:
        return any(map(absorbs_entities, nested))
    named = [getattr(estimator, option) for option in ("effects", "absorb") if hasattr(estimator, option)]
    return any("entity" in keys for keys in named) if named else HasEffects in estimator.provides


def absorbs_periods(estimator: Estimator) -> bool:
    """Return whether an estimator, or one nested in it, has ``time`` among its effects."""
    named = (getattr(one, option, ()) for one in with_nested(estimator) for option in ("effects", "absorb"))
    return any("time" in keys for keys in named)


def n_candidates(estimator: Estimator) -> int:
    """Return how many estimators one compares to keep the best; 1 where it compares none."""
    return len(estimator.candidates) if isinstance(estimator, ComparesCandidates) else 1


class LearnedFit:
    """A fit that displays what its search chose; a dataclass that inherits from it needs ``repr=False``."""

    def summary(self) -> None:
        """Print what was chosen on the selection rows, and notes."""
        echo(repr(self))

    def __repr__(self) -> str:
        search = self.details().get("search", {}) if isinstance(self, HasDetails) else {}
        is_chosen = list(search.get("chosen", ()))
        at = is_chosen.index(True) if True in is_chosen else None
        entries = [(name, own[at]) for name, own in search.items() if at is not None and name != "chosen"]
        chosen = [f"{name} {one:.4g}" if isinstance(one, float) else f"{name} {one}" for name, one in entries]
        notes = [note.message for note in self.notes] if isinstance(self, HasNotes) else []
        return "\n".join([f"{type(self).__name__}({', '.join(chosen)})", *notes])
