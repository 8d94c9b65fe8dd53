"""Additive splines: a curve for the exposure and for each moderator, straight lines for the controls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from numpy.random import Generator
from pydantic import Field

from harness import plugin
from harness.plugin import DrawSelection, Floats, Inputs, Ints, Note, Panel
from harness_sklearn import spline_design
from harness_sklearn.selection import RowParts, Search, refuse_empty_draws, rows_in_use, split_to_select
from harness_sklearn.spline_design import Moments, SplineDesign, make_design, solve_ridge


@dataclass(frozen=True, eq=False)
class SplineDraws:
    """One curve set a draw, all with the same knots.

    Attributes
    ----------
    design : from panels to columns
    slopes : (n_draws, n_columns), deviations of the outcome per unit of the column
    penalties : (n_draws, n_curves), of `design.curves`
    """

    design: SplineDesign
    slopes: Floats
    penalties: Floats

    @property
    def notes(self) -> tuple[Note, ...]:
        """Columns left out."""
        return self.design.inputs.notes

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_draws, n_obs), outcome units."""
        return self.design.inputs.in_outcome_units(self.slopes @ self.design.values(panel).T)


@dataclass(frozen=True, eq=False)
class SplinesOfOutcomes:
    """One set of curves an outcome, all with the same knots.

    Attributes
    ----------
    curves : those of an outcome instead of a draw
    inputs : of each outcome, in whose units it is predicted
    """

    curves: SplineDraws
    inputs: tuple[Inputs, ...]

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_outcomes, n_obs), each in the units of its outcome."""
        columns = self.curves.design.values(panel).T
        pairs = zip(self.inputs, self.curves.slopes, strict=True)
        return np.concatenate([inputs.in_outcome_units(slopes[None] @ columns) for inputs, slopes in pairs])


@dataclass(frozen=True, eq=False, repr=False)
class SplinesFit(plugin.LearnedFit):
    """One set of curves.

    Attributes
    ----------
    curves : a single draw
    search : all candidates; None where the likelihood chose
    """

    curves: SplineDraws
    search: Search | None

    @property
    def notes(self) -> tuple[Note, ...]:
        """Columns left out."""
        return self.curves.notes

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_obs,), outcome units."""
        return np.asarray(self.curves.predict(panel)[0])

    def details(self) -> Mapping[str, Mapping[str, Sequence[object]]]:
        """Return the candidates, or the penalty of every curve where it has its own."""
        if self.search is not None:
            return {"search": self.search.table()}
        return {
            "smoothing": {"curve": self.curves.design.curves, "penalty": self.curves.penalties[0].tolist()}
        }


def fitted(design: SplineDesign, moments: Moments, penalties: Floats) -> SplineDraws:
    """Return the curves of draws by their moments and penalties, (n_draws, n_curves)."""
    of_columns = penalties[:, design.curve_of_column]
    return SplineDraws(design, solve_ridge(moments, of_columns, n_free=design.n_free), penalties)


# From penalties that leave straight lines to those that leave curves as the knots allow them.
DECADES = tuple(10.0**power for power in range(2, -9, -1))


@plugin.checks_options
@dataclass(frozen=True)
class Splines:
    """Penalised cubic splines in the exposure and the moderators, linear in the controls.

    All columns are standardised. Straight lines have no penalty, so with a large penalty this is pooled OLS;
    a curve is penalised by the integral of its squared second derivative (O'Sullivan 1986; Wand & Ormerod
    2008), a product by its squared size. Outside the training rows' range curves go on as straight lines.
    Entity and time are no inputs.

    With ``smoothing: selection`` one penalty is of all curves. That with the least squared error on the
    selection rows is kept, and the curves are fitted with it on all training rows: those that were set aside
    for the choice are among them, selection rows that the protocol names are not. With ``smoothing: reml``
    every curve has a penalty of its own, by restricted maximum likelihood on all training rows (Wood 2011;
    Wood & Fasiolo 2017), and there is nothing to select. A curve that matters is then not shrunk because
    others do not, which nuisance functions of the scenario ``effect`` need; but where rows of an entity have
    much in common the likelihood takes what they share for a curve, and entities never seen are predicted
    worse.

    Attributes
    ----------
    knots : of each curve, at quantiles of the training rows
    products : ``moderators`` lets the exposure's curve change in proportion to each moderator
    smoothing : who chooses penalties: the error on selection rows, or the likelihood of the training rows;
        ``auto`` is ``reml`` where nuisance functions are learned and ``selection`` elsewhere
    penalties : candidates, for the mean squared error of the standardised outcome; the least and the largest
        are limits of those by ``reml``
    selection_share : share of the training rows set aside where the protocol names no selection rows
    """

    name: ClassVar[str] = plugin.marked("splines")
    known_as: ClassVar[tuple[str, ...]] = ("gam", "spline")
    as_learner: ClassVar[plugin.AsLearner] = "default"
    rivals: ClassVar[tuple[plugin.SimpleRival, ...]] = (plugin.SimpleRival(70, plugin.marked("Splines")),)
    provides: ClassVar[frozenset[type]] = frozenset(
        {
            *(plugin.CanFitDraws, plugin.CanFitOutcomes, plugin.CanLearnNuisances, plugin.CanPrepareDraws),
            *(plugin.ChecksRows, plugin.HasDetails, plugin.HasNotes, plugin.SelectsRows),
        }
    )

    knots: Annotated[int, Field(ge=2, le=1_000)] = 8
    products: Literal["none", "moderators"] = "none"
    smoothing: Literal["auto", "selection", "reml"] = "auto"
    penalties: Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field(min_length=1)] = DECADES
    selection_share: Annotated[float, Field(gt=0, lt=1)] = 0.2

    def for_nuisances(self) -> Self:
        """Return a copy whose curves have penalties of their own, unless `smoothing` was chosen."""
        return replace(self, smoothing="reml") if self.smoothing == "auto" else self

    def fit(self, panel: Panel, *, rng: plugin.Stream = None, selection: Panel | None = None) -> SplinesFit:
        """Choose the penalties, and fit with them on all training rows.

        Raises
        ------
        EstimationError
            Where outcome or exposure do not vary, or there are too few rows.
        """
        if self.smoothing == "reml":
            ordered = panel.take(panel.canonical_order)
            design, everyone = self._design(ordered), np.ones((1, ordered.n_obs))
            moments = design.moments(ordered, everyone)
            penalties = self.likeliest_penalties(design, moments, everyone.sum(axis=1))
            return SplinesFit(fitted(design, moments, penalties), None)
        parts = split_to_select(panel, selection, share=self.selection_share, rng=rng)
        search = self._search(parts)
        design = self._design(parts.whole)
        moments = design.moments(parts.whole, np.ones((1, parts.whole.n_obs)))
        penalties = design.of_all_curves(np.array([search.best("penalty")]))
        return SplinesFit(fitted(design, moments, penalties), search)

    def check_rows(self, panel: Panel, *, rng: plugin.Stream = None, selection: Panel | None = None) -> None:
        """Refuse rows that are too few for straight lines, or do not vary."""
        if self.smoothing != "reml":
            panel = split_to_select(panel, selection, share=self.selection_share, rng=rng).train
        self._design(panel)

    def fit_outcomes(self, panel: Panel, outcomes: Floats, *, rngs: Sequence[Generator]) -> SplinesOfOutcomes:
        """Fit outcomes with the same knots, and with ``smoothing: reml`` with the same penalties.

        Terms of a debiased curve, splines of the exposure, are then smoothed by one linear map. What curves
        of the controls cannot hold of a term is uncorrelated with all that they can, and moves nothing; where
        each term has penalties of its own, most are shrunk, and what is left of them goes with a confounder.

        Raises
        ------
        EstimationError
            As by `fit`.
        """
        order = panel.canonical_order
        ordered = panel.take(order)
        rows = [replace(ordered, observed=outcome[order]) for outcome in outcomes]
        design = self._design(rows[0])
        inputs = tuple(design.inputs.with_outcome_of(own) for own in rows)
        standardised = np.stack([scaled.outcome(own) for scaled, own in zip(inputs, rows, strict=True)])
        moments = spline_design.moments_of_outcomes(design.values(ordered), standardised)
        if self.smoothing == "reml":
            shared = spline_design.shared_penalties(
                moments, ordered.n_obs, design.curve_of_column, **self._limits
            )
            penalties = np.tile(shared, (len(rows), 1))
        else:
            chosen = [self.penalty_on(own, rng=rng) for own, rng in zip(rows, rngs, strict=True)]
            penalties = design.of_all_curves(np.array(chosen))
        return SplinesOfOutcomes(fitted(design, moments, penalties), inputs)

    def fit_draws(
        self, panel: Panel, *, weights: Floats, selection: DrawSelection, rng: Generator
    ) -> SplineDraws:
        """Fit by weighted least squares once a draw.

        Knots and units are those of the rows that some draw trains on, each counted once. Every draw chooses
        its own penalties; where selection rows choose, draws that have none take the penalty that `fit` would
        choose on the rows that some draw trains on.

        Raises
        ------
        EstimationError
            As by `fit`, or where a draw trains on no row.
        """
        rows = rows_in_use(panel, weights)
        prepared = PreparedSplines(self, panel, None, self._design(panel.take(rows)), rows, rng)
        return prepared.fit_draws(weights, selection)

    def prepare_draws(self, panel: Panel, *, selection: Panel | None, rng: Generator) -> PreparedSplines:
        """Choose knots and units for draws, those of all rows.

        Raises
        ------
        EstimationError
            As by `fit`.
        """
        rows = panel.canonical_order
        return PreparedSplines(self, panel, selection, self._design(panel.take(rows)), rows, rng)

    def penalty_on(self, panel: Panel, *, rng: Generator) -> float:
        """Return the penalty that `fit` would choose on these rows."""
        return self._search(split_to_select(panel, None, share=self.selection_share, rng=rng)).best("penalty")

    def likeliest_penalties(self, design: SplineDesign, train: Moments, n_rows: Floats) -> Floats:
        """Return penalties of curves, (n_draws, n_curves), by restricted maximum likelihood.

        Parameters
        ----------
        train : of the draws
        n_rows : (n_draws,), how many each trains on
        """
        return spline_design.reml_penalties(train, n_rows, design.curve_of_column, **self._limits)

    @property
    def _limits(self) -> Mapping[str, float]:
        return {"lowest": min(self.penalties), "highest": max(self.penalties)}

    @property
    def smoothest_first(self) -> Floats:
        """Candidates of the penalty, (n_penalties,), the smoothest curves first."""
        return np.sort(self.penalties)[::-1]

    def errors(self, design: SplineDesign, train: Moments, selection: Moments) -> Floats:
        """Return the errors of all candidates on selection rows, (n_penalties, n_draws)."""
        return spline_design.errors_of_penalties(train, selection, self.smoothest_first, n_free=design.n_free)

    def _design(self, panel: Panel) -> SplineDesign:
        factors = panel.moderators if self.products == "moderators" else ()
        return make_design(panel, n_knots=self.knots, factors=factors)

    def _search(self, parts: RowParts) -> Search:
        """Fit every candidate and compare them."""
        design = self._design(parts.train)
        train, selection = (
            design.moments(side, np.ones((1, side.n_obs))) for side in (parts.train, parts.selection)
        )
        return Search({"penalty": self.smoothest_first.tolist()}, self.errors(design, train, selection)[:, 0])


@dataclass(frozen=True, eq=False)
class PreparedSplines:
    """What the splines of draws have in common.

    Attributes
    ----------
    options : of the splines
    panel : rows that weights of draws are of
    selection : further rows that all draws select on
    design : knots and units
    rows : (n_used,) positions of the rows that draws train on
    rng : for the choice of a draw that has no rows to select on
    """

    options: Splines
    panel: Panel
    selection: Panel | None
    design: SplineDesign
    rows: Ints
    rng: Generator

    def fit(self, weights: Floats, *, selection: Floats | None, rngs: Sequence[Generator]) -> SplineDraws:
        """Fit by weighted least squares once a draw.

        Raises
        ------
        EstimationError
            Where a draw trains on no row.
        """
        return self.fit_draws(weights, selection if self.selection is None else self.selection)

    def fit_draws(self, weights: Floats, selection: DrawSelection) -> SplineDraws:
        """Fit once a draw of weights, (n_draws, n_obs); selection is as `CanFitDraws` has it."""
        options, design = self.options, self.design
        refuse_empty_draws(weights, estimator=options.name)
        trained_on = self.panel.take(self.rows)
        train = design.moments(trained_on, weights[:, self.rows])
        return fitted(design, train, self._penalties(train, trained_on, weights, selection))

    def _penalties(
        self, train: Moments, trained_on: Panel, weights: Floats, selection: DrawSelection
    ) -> Floats:
        """Return the penalties of all curves in every draw, (n_draws, n_curves)."""
        options, design = self.options, self.design
        if options.smoothing == "reml":
            return options.likeliest_penalties(design, train, weights.sum(axis=1))
        if isinstance(selection, Panel):
            aside, asides = selection, np.ones((len(weights), selection.n_obs))
        else:
            aside, asides = self.panel, np.zeros_like(weights) if selection is None else selection
        chooses = asides.any(axis=1)
        penalties = np.empty(len(asides))
        if chooses.any():
            own = asides[chooses]
            rows = rows_in_use(aside, own)
            compared_on = design.moments(aside.take(rows), own[:, rows])
            errors = options.errors(design, train.take(np.flatnonzero(chooses)), compared_on)
            penalties[chooses] = options.smoothest_first[errors.argmin(axis=0)]
        if not chooses.all():
            penalties[~chooses] = options.penalty_on(trained_on, rng=deepcopy(self.rng))
        return design.of_all_curves(penalties)
