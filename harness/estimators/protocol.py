"""What an estimator is, and the further things one may be able to do.

`Estimator` and `Fitted` are the whole obligation. Everything else is a capability: a protocol class that an
estimator lists in `provides` when it, or its fits, have the members named there.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, ClassVar, Literal, Protocol, Self, get_args, runtime_checkable

from numpy.random import Generator

from harness.arrays import Floats
from harness.data.panel import Panel
from harness.estimators.coefficients import CoefficientTable
from harness.registry.catalog import Choose
from harness.registry.kind import Kind, OptionsClass
from harness.study.spec.entry import LadderEntry
from harness.tables.preparation import Note


class Fitted(Protocol):
    """What fitting returns: a model that predicts."""

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_obs,), outcome units, in the order of the panel's rows."""


class FittedDraws(Protocol):
    """Many fits of one estimator, one a draw."""

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_draws, n_obs), outcome units."""


# Least squares of all rows, the same after effects are taken out, or with random effects of entities.
LinearModel = Literal["pooled", "within", "random"]


@runtime_checkable
class Estimator(Protocol):
    """A frozen dataclass of options that can be fitted.

    Attributes
    ----------
    name : as written in YAML after ``use:``
    provides : capabilities, named by their protocol classes

    It may offer entries of ``estimators: ladder`` in a tuple ``ladder``, each a `harness.plugin.LadderEntry`,
    list in ``known_as`` what others call it, for hints where a spec uses such a name, say in ``roundoff`` how
    far rounding moves its predictions, in standard deviations of the outcome, where it computes in less
    than 64 bits, in ``linear_model`` which regression it is that other programs know as well
    (`LinearModel`), so that ``harness export`` repeats it there, and in ``default_learner`` that it learns
    the nuisance functions of debiased effects where a study names nothing for that.
    """

    name: ClassVar[str]
    provides: ClassVar[frozenset[type]]

    def fit(self, panel: Panel, *, rng: Generator, selection: Panel | None = None) -> Fitted:
        """Fit on a panel.

        Parameters
        ----------
        panel : rows to train on
        rng : the only source of randomness
        selection : rows that candidate models are compared on and stop by; with None the estimator
            splits `panel` itself, as `panel.split_unit` says (see `inner_split`)

        Raises
        ------
        EstimationError
            Where these rows cannot be estimated on; the cell is then a row with the reason.
        """


# Largest rounding that an estimator may declare, in standard deviations of the outcome.
MOST_ROUNDOFF = 0.01


def roundoff_of(estimator: object) -> float:
    """Return how far rounding moves predictions, as an estimator or its class declares it; 0 where not."""
    return float(getattr(estimator, "roundoff", 0.0))


def linear_model_of(estimator: type) -> LinearModel | None:
    """Return which regression that other programs know an estimator is, as it declares; None of others."""
    return getattr(estimator, "linear_model", None)


def is_default_learner(estimator: type) -> bool:
    """Return whether estimators of a class learn for debiased effects where nothing is named, as it says."""
    return bool(getattr(estimator, "default_learner", False))


def _wrong_values(cls: type) -> str:
    provides, ladder = getattr(cls, "provides", None), getattr(cls, "ladder", ())
    if not isinstance(provides, frozenset) or not all(isinstance(able, type) for able in provides):
        return "has a `provides` that is no frozenset of capabilities; none is frozenset()"
    if not isinstance(ladder, tuple) or not all(isinstance(entry, LadderEntry) for entry in ladder):
        return "has a `ladder` that is no tuple of harness.plugin.LadderEntry"
    roundoff = getattr(cls, "roundoff", 0.0)
    if not isinstance(roundoff, float) or not 0.0 <= roundoff <= MOST_ROUNDOFF:
        return f"has a `roundoff` that is no number from 0 to {MOST_ROUNDOFF}"
    if linear_model_of(cls) not in (None, *get_args(LinearModel)):
        return f"has a `linear_model` that is none of {', '.join(get_args(LinearModel))}"
    if not isinstance(getattr(cls, "default_learner", False), bool):
        return "has a `default_learner` that is neither True nor False"
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
    """Capability of an estimator: a batch of weighted fits at once."""

    def fit_draws(
        self, panel: Panel, *, weights: Floats, selection: DrawSelection, rng: Generator
    ) -> FittedDraws:
        """Fit once a draw.

        A draw that leaves all rows of an entity or a period out says nothing about its level, and yet will
        be asked to predict it. Effects of such levels are those of their rows in `panel`, given the rest of
        the draw (see `with_omitted_levels`); a level has the mean effect only where no row is of it.

        Parameters
        ----------
        panel : rows to train on, which all draws share
        weights : (n_draws, n_obs), >= 0
            How often a row is trained on; zero leaves it out.
        selection : (n_draws, n_obs), >= 0, a panel, or None
            How often a row counts where candidates are compared and stopped, or rows besides `panel` that
            all draws select on. A row that is zero here and in `weights` tells of its levels and nothing
            else, and of these only where a draw has no other row.
        rng : the only source of randomness
        """


class PreparedDraws(Protocol):
    """What draws of one estimator have in common, such as the size of a network; it can be pickled."""

    def fit(self, weights: Floats, *, selection: Floats | None, rngs: Sequence[Generator]) -> FittedDraws:
        """Fit once a draw; a draw's fit does not depend on which others there are.

        Parameters
        ----------
        weights : (n_draws, n_obs), counts of the rows that were prepared for
        selection : (n_draws, n_obs), counts of the rows that each draw selects on, where no rows were given
            for that; None where there are none
        rngs : of each draw, its only source of randomness
        """


@runtime_checkable
class CanPrepareDraws(Protocol):
    """Capability of an estimator: what its draws have in common is found once, then any of them are fitted.

    An estimator that searches something on all rows before its draws are fitted offers it beside
    `CanFitDraws`; without it the search would be done again for every block of draws.
    """

    def prepare_draws(self, panel: Panel, *, selection: Panel | None, rng: Generator) -> PreparedDraws:
        """Find what draws have in common.

        Parameters
        ----------
        panel : rows that weights of draws are of
        selection : further rows that all draws select on; with None each has its own among those of `panel`
        rng : the only source of randomness; draws have streams of their own

        Raises
        ------
        EstimationError
            As by `fit`.
        """


class DrawMaker(Protocol):
    """What makes the draws that a fit is the mean of, any of them; it can be pickled.

    Where it has `HasDetails` or `HasNotes`, these are the fit's.
    """

    def draw(self, draws: range) -> FittedDraws:
        """Return these draws, counted from 0; a draw does not depend on which others there are.

        Raises
        ------
        EstimationError
            Where one of them refuses its rows.
        """


@runtime_checkable
class FitsByDraws(Protocol):
    """Capability of an estimator: its fit is the mean of draws that can be made apart, in blocks.

    Where scenarios ask for nothing but what can be found draw by draw, `fit` is not called: draws are made
    on all workers, block by block.
    """

    @property
    def draws(self) -> int:
        """Number of draws, >= 2."""

    def prepare(self, panel: Panel, *, rng: Generator, selection: Panel | None = None) -> DrawMaker:
        """Return what makes the draws that `fit` with these arguments is the mean of.

        Raises
        ------
        EstimationError
            As by `fit`.
        """


@runtime_checkable
class DrawsMaySelect(Protocol):
    """Capability of an estimator that selects on rows: its options say whether its draws do, too."""

    @property
    def draws_select(self) -> bool:
        """Whether they do; resamples of draws that do not set no rows aside."""


@runtime_checkable
class CanFitOutcomes(Protocol):
    """Capability of an estimator: it fits several outcomes of the same rows at once.

    One that does much to the regressors before it fits offers it. The nuisance functions of debiased effects
    are learned so; the form of it that learns these (`CanLearnNuisances`) may smooth all outcomes alike.
    """

    def fit_outcomes(self, panel: Panel, outcomes: Floats, *, rngs: Sequence[Generator]) -> FittedDraws:
        """Fit each outcome as `Estimator.fit` would, with nothing to select on.

        Parameters
        ----------
        panel : the rows; its own outcome is none of those that are fitted
        outcomes : (n_outcomes, n_obs), at least one
        rngs : of each outcome, its only source of randomness

        Returns
        -------
        FittedDraws
            Which predicts (n_outcomes, n_obs).

        Raises
        ------
        EstimationError
            Where one of them cannot be estimated from these rows.
        """


@runtime_checkable
class CanRunQuick(Protocol):
    """Capability of an estimator: a cheaper version of itself for ``--quick``."""

    def quick(self) -> Self:
        """Return a copy with fewer draws, restarts or the like."""


@runtime_checkable
class CanFitFolds(Protocol):
    """Capability of an estimator: a cheaper version of itself for folds, where predictions alone count."""

    def for_folds(self) -> Self:
        """Return a copy whose predictions are as accurate, to a per cent or so of mean squared error."""


@runtime_checkable
class CanLearnNuisances(Protocol):
    """Capability of an estimator: a version of itself for the nuisance functions of debiased effects.

    Options that predict best shrink what they learn; of two functions shrunk to the same side a debiased
    effect keeps a bias. Others learn what least squares of their inputs leave (`harness.scenarios.effect`).
    """

    def for_nuisances(self) -> Self:
        """Return a copy that shrinks little; options that were chosen, rather than left alone, stay."""


@runtime_checkable
class CanLearnWithin(Protocol):
    """Capability of an estimator: it can learn from what moves within entities alone.

    The nuisance functions of debiased effects are then changes of one function of a row, rather than a
    function of two rows, or of a row and its entity's means, of which less can be learned.
    """

    def within_entities(self) -> Self | None:
        """Return a copy with an effect of each entity and period beside its function of the regressors.

        Its fits give entities that they never saw the mean effect (`HasEffects`). None where it cannot, as an
        ensemble of estimators without effects.
        """


@runtime_checkable
class NeedsGroups(Protocol):
    """Capability of an estimator: it sorts rows into groups by columns that play no role."""

    @property
    def group_columns(self) -> tuple[str, ...]:
        """The columns; each is one of `Panel.groups` in every panel that the estimator meets."""


@runtime_checkable
class SelectsRows(Protocol):
    """Capability of an estimator: it compares or stops candidate models on rows that it does not train on.

    Resamples of such an estimator set rows aside, as its own fit does; for others that would be a waste.
    """

    @property
    def selection_share(self) -> float:
        """Share of entities (rows, periods), in (0, 1), that it sets aside where no rows are given for it."""


@runtime_checkable
class ComparesCandidates(Protocol):
    """Capability of an estimator: it fits every one of several estimators and keeps the best.

    How many there are is what tuning may cost: a suite refuses estimators that have unlike numbers of them.
    """

    @property
    def candidates(self) -> tuple[Estimator, ...]:
        """The estimators, of which the first is the one at its defaults."""


@runtime_checkable
class HasDraws(Protocol):
    """Capability of a fit: it carries its own draws, as a bootstrap ensemble does."""

    @property
    def draws(self) -> FittedDraws:
        """The draws."""


@runtime_checkable
class HasCoefficients(Protocol):
    """Capability of a fit: a coefficient table."""

    def coefficients(self) -> CoefficientTable:
        """Return estimates with their covariance and its corrections named."""


@runtime_checkable
class HasNotes(Protocol):
    """Capability of a fit: warnings for the report."""

    @property
    def notes(self) -> tuple[Note, ...]:
        """What the reader of the report should know about this fit."""


# A tidy table by columns, all of one length.
Columns = Mapping[str, Sequence[object]]


@runtime_checkable
class HasDetails(Protocol):
    """Capability of a fit: tables of its own, such as what a search tried and chose."""

    def details(self) -> Mapping[str, Columns]:
        """Return tables by name, each written as ``details/NAME.csv`` with outcome and estimator before it.

        Estimators that tell the same things use the same names and columns; see ``docs`` for those in use.
        """


@runtime_checkable
class HasResultRows(Protocol):
    """Capability of a fit: rows of the harness's own result tables, short of any scenario.

    A threshold model knows the place of its break, a parabola that of its top; they stand in the same tables
    as what scenarios find in predictions.
    """

    def result_rows(self) -> Mapping[str, Columns]:
        """Return rows by the table's name, each by its columns in `harness.tables`.

        Outcome and estimator are put before them; the scenario is left empty, and the status is ``ok`` unless
        a row has its own.
        """


@runtime_checkable
class CanProfile(Protocol):
    """Capability of a fit, or of draws: mean predictions at given values, short of predicting every row.

    Curves and surfaces ask for the same rows at many values of one or two columns; a model whose mean over
    rows has a short cut offers it here. It must equal, up to rounding, the mean of `predict` over the rows of
    the panel with these columns changed.
    """

    def profile(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return the mean prediction over the panel's rows at each point.

        Parameters
        ----------
        panel : rows whose other columns stay as they are
        columns : regressors that get the same value in all rows; what follows from them is among them, so
            `panel.derived` can be left alone
        points : (n_points, n_columns), units of the columns

        Returns
        -------
        (n_points,) of a fit and (n_draws, n_points) of draws, outcome units.
        """


@runtime_checkable
class HasEffects(Protocol):
    """Capability of a fit: it holds entity or period effects, and so has levels it never saw."""

    def n_unseen(self, panel: Panel) -> int:
        """Return the number of rows predicted with a mean effect, since their entity or period is new."""


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


def n_candidates(estimator: Estimator) -> int:
    """Return how many estimators one compares to keep the best; 1 where it compares none."""
    return len(estimator.candidates) if isinstance(estimator, ComparesCandidates) else 1
