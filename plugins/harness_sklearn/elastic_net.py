"""The elastic net on regressors, their squares and their pairwise products."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from harness import plugin
from harness.plugin import Coded, Floats, Inputs, Ints, LadderEntry, Mask, Note, Panel, Stream, marked
from harness_sklearn.selection import ComparesOnParts, RowParts, Search

# Duality gap at which a fit is at its optimum, as a share of the outcome's sum of squares.
_TOLERANCE = 1e-7


def fit_path(
    X: Floats, outcome: Floats, penalties: Floats, *, l1_ratio: float, max_rounds: int
) -> tuple[Floats, Mask]:
    """Fit once for each penalty, each fit starting from the one before (Friedman, Hastie & Tibshirani 2010).

    Parameters
    ----------
    X : (n_obs, n_terms), standardised
    outcome : (n_obs,), standardised
    penalties : (n_penalties,), descending
    l1_ratio : in (0, 1], share of the absolute penalty; the rest is quadratic
    max_rounds : of coordinate descent, for one penalty

    Returns
    -------
    Slopes, (n_terms, n_penalties), and whether a fit, (n_penalties,), stopped short of its optimum.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import enet_path

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # is_short tells it instead
        _, coefficients, gaps = enet_path(
            X,
            outcome,
            l1_ratio=l1_ratio,
            alphas=penalties,
            max_iter=max_rounds,
            tol=_TOLERANCE,
            random_state=0,  # nothing is drawn, but without it scikit-learn moves numpy's own generator on
        )
    return coefficients, gaps * outcome.size > _TOLERANCE * (outcome @ outcome)


# With more, their cross products alone take more than 128 MB.
MOST_TERMS = 4000

# Terms of this correlation or more are one term.
_COPY = 1.0 - 1e-12


@dataclass(frozen=True, eq=False)
class QuadraticTerms:
    """Inputs, their squares and their pairwise products; each standardised on the training rows.

    Products are of standardised inputs, so that the level and the unit of a column change no term.

    Attributes
    ----------
    inputs : the factors
    factors : (n_terms, 2), positions of a term's two factors among the inputs; the position after the last
        stands for one
    scale : of the products, (n_terms,)
    notes : inputs left out
    """

    inputs: Inputs
    factors: Ints
    scale: plugin.ColumnScale
    notes: tuple[Note, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Name of each term, (n_terms,): ``x``, ``x*x``, ``x*z``."""
        names = (*self.inputs.columns, "")
        return tuple("*".join(filter(None, (names[a], names[b]))) for a, b in self.factors.tolist())

    def values(self, panel: Panel) -> Floats:
        """Return the terms, (n_obs, n_terms)."""
        return self.scale.standardised(_products(self.inputs.values(panel), self.factors))

    def arrays(self, panel: Panel) -> tuple[Floats, Floats]:
        """Return the terms, (n_obs, n_terms), and the standardised outcome, (n_obs,)."""
        return self.values(panel), self.inputs.outcome(panel)


def make_terms(panel: Panel) -> QuadraticTerms:
    """Return the terms of training rows.

    A column that the preparation computed as the product of two others, or as the square of one, is left out:
    it is among the products. So is a term that does not vary or repeats an earlier one, as the square of a
    column of zeros and ones does.

    Raises
    ------
    EstimationError
        Where outcome or exposure do not vary, or there are too many terms.
    """
    copies = product_copies(panel)
    inputs = plugin.make_inputs(panel, without=copies)
    n_inputs = len(inputs.columns)
    factors = np.array(
        [(at, n_inputs) for at in range(n_inputs)]
        + [(first, two) for first in range(n_inputs) for two in range(first, n_inputs)],
        dtype=np.int64,
    )
    if len(factors) > MOST_TERMS:
        words = marked("{n_inputs} columns with their squares and products make {factors} terms")
        what = Coded(words, n_inputs=n_inputs, factors=len(factors))
        hint = marked("use fewer columns, or drop elastic_net")
        raise plugin.EstimationError.at(
            "elastic_net", what, Coded("at most {most} terms", most=MOST_TERMS), hint
        )
    products = _products(inputs.values(panel), factors)
    scale = plugin.column_scale(products)
    kept = np.flatnonzero(scale.deviation > 0.0)
    kept = kept[~_repeats_earlier(scale.take(kept).standardised(products[:, kept]))]
    words = marked("{name} equals {product} and is dropped: that product is already a term.")
    left_out = (
        Note("W-DUP", name, Coded(words, name=repr(name), product=product))
        for name, product in copies.items()
    )
    return QuadraticTerms(inputs, factors[kept], scale.take(kept), (*inputs.notes, *left_out))


def product_copies(panel: Panel) -> dict[str, str]:
    """Return derived columns that are a product or a square of other regressors, and what they are."""
    copies: dict[str, str] = {}
    for derivation in panel.derived:
        inputs = derivation.inputs * 2 if len(derivation.inputs) == 1 else derivation.inputs
        if len(inputs) != 2 or derivation.into in panel.exposure_columns or copies.keys() & set(inputs):
            continue
        product = panel.column(inputs[0]) * panel.column(inputs[1])
        if np.allclose(panel.column(derivation.into), product, rtol=1e-12, atol=0.0):
            copies[derivation.into] = "*".join(inputs)
    return copies


def _products(inputs: Floats, factors: Ints) -> Floats:
    """Return the product of each pair of factors, (n_obs, n_terms)."""
    with_one = np.column_stack([inputs, np.ones(len(inputs))])
    return np.asarray(with_one[:, factors[:, 0]] * with_one[:, factors[:, 1]])


def _repeats_earlier(terms: Floats) -> Mask:
    """Return which standardised terms are an earlier one, or its negative."""
    return np.asarray((np.triu(np.abs(terms.T @ terms) / len(terms), k=1) >= _COPY).any(axis=0))


# Share of the absolute penalty; the rest is quadratic.
Ratio = Annotated[float, Field(gt=0, le=1)]

# On fewer training rows a choice among penalties is a choice among accidents.
LEAST_ROWS = 10


@dataclass(frozen=True, eq=False, repr=False)
class ElasticNetFit(plugin.LearnedFit):
    """A linear model of terms, many of which may have a slope of zero.

    Attributes
    ----------
    terms : columns of the model
    slopes : (n_terms,), deviations of the outcome per deviation of the term
    penalty, l1_ratio : chosen on the selection rows
    search : all candidates
    notes : columns left out, slopes short of their optimum
    """

    terms: QuadraticTerms
    slopes: Floats
    penalty: float
    l1_ratio: float
    search: Search
    notes: tuple[Note, ...]

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_obs,), outcome units."""
        return self.terms.inputs.in_outcome_units(self.terms.values(panel) @ self.slopes)

    def details(self) -> Mapping[str, Mapping[str, Sequence[object]]]:
        """Return the candidates, and the slope of every term."""
        terms = {"term": self.terms.names, "slope": self.slopes.tolist()}
        return {"search": self.search.table(), "terms": terms}


@plugin.checks_options
@dataclass(frozen=True)
class ElasticNet(ComparesOnParts):
    """The elastic net (Zou & Hastie 2005), scikit-learn's coordinate descent.

    Its terms are all regressors, their squares and their pairwise products, standardised on the training
    rows; entity and time are none. On n rows it minimises
    ``|y - Xb|² / 2n + penalty * (l1_ratio * |b|₁ + (1 - l1_ratio) * |b|² / 2)``.

    Every penalty is tried with every ratio, and the pair with the least squared error on the selection rows
    is kept. The model is then fitted with it on all training rows: those that were set aside for the choice
    are among them, selection rows that the protocol names are not.

    Attributes
    ----------
    l1_ratios : candidates; 1 is the lasso
    n_penalties : candidates for each ratio, evenly spaced in logs, down from the least that leaves no term
    smallest : the last of them as a share of the first
    max_rounds : rounds of coordinate descent after which a fit stops; a candidate that stops short of its
        optimum competes as it is, the model itself has a note
    selection_share : share of the training rows set aside where the protocol names no selection rows
    """

    name: ClassVar[str] = marked("elastic_net")
    known_as: ClassVar[tuple[str, ...]] = ("enet", "lasso", "ridge")
    ladder: ClassVar[tuple[LadderEntry, ...]] = (
        LadderEntry(150, plugin.marked("Elastic net on pairwise terms"), id="enet"),
    )
    provides: ClassVar[frozenset[type]] = frozenset(
        {plugin.ChecksRows, plugin.HasDetails, plugin.HasNotes, plugin.SelectsRows}
    )

    l1_ratios: Annotated[tuple[Ratio, ...], Field(min_length=1)] = (0.1, 0.5, 1.0)
    n_penalties: Annotated[int, Field(ge=2, le=10_000)] = 100
    smallest: Annotated[float, Field(gt=0, lt=1)] = 1e-3
    max_rounds: Annotated[int, Field(ge=1)] = 1000
    selection_share: Annotated[float, Field(gt=0, lt=1)] = 0.2

    @property
    def need(self) -> tuple[int, str, str]:
        """The least number of training rows, what cannot be done with fewer, and what helps."""
        hint = marked("use a protocol with more training rows, or drop elastic_net")
        return LEAST_ROWS, marked("are too few to choose a penalty on"), hint

    def fit(self, panel: Panel, *, rng: Stream = None, selection: Panel | None = None) -> ElasticNetFit:
        """Choose penalty and ratio, and fit with them on all training rows.

        Raises
        ------
        EstimationError
            Where outcome or exposure do not vary, there are too few rows or too many columns.
        """
        parts = self.parts(panel, selection, rng=rng)
        search = self._search(parts)
        penalty, l1_ratio = search.best("penalty"), search.best("l1_ratio")
        terms = make_terms(parts.whole)
        X, outcome = terms.arrays(parts.whole)
        kept, notes = np.array([penalty]), terms.notes
        slopes, is_short = fit_path(X, outcome, kept, l1_ratio=l1_ratio, max_rounds=self.max_rounds)
        if is_short.any():
            message = Coded(
                "The slopes had not converged after {max_rounds} rounds; increase max_rounds.",
                max_rounds=self.max_rounds,
            )
            notes = (*notes, Note("W-CONVERGENCE", "", message))
        # No negative zeros in the table of terms.
        return ElasticNetFit(terms, slopes[:, 0] + 0.0, penalty, l1_ratio, search, notes)

    def _search(self, parts: RowParts) -> Search:
        """Fit every penalty with every ratio, and compare them on the selection rows."""
        terms = make_terms(parts.train)
        (X, outcome), (aside, observed) = terms.arrays(parts.train), terms.arrays(parts.selection)
        penalties, slopes = [], []
        for l1_ratio in self.l1_ratios:
            none_left = float(np.abs(X.T @ outcome).max()) / (outcome.size * l1_ratio)
            falling = np.geomspace(1.0, self.smallest, self.n_penalties)
            penalties.append(max(none_left, np.finfo(np.float64).eps) * falling)
            found = fit_path(X, outcome, penalties[-1], l1_ratio=l1_ratio, max_rounds=self.max_rounds)
            slopes.append(found[0])
        errors = np.mean((observed[:, None] - aside @ np.hstack(slopes)) ** 2, axis=0)
        ratios = np.repeat(self.l1_ratios, self.n_penalties).tolist()
        return Search({"penalty": np.concatenate(penalties).tolist(), "l1_ratio": ratios}, errors)
