"""The least-squares search for thresholds, in the cross products of what every candidate would add.

By Frisch-Waugh-Lovell the sum of squares that thresholds explain depends on the columns that they add, less
effects and other regressors, and on nothing else. Those of all candidates are made once; their cross products
then answer every search, of the data and of each bootstrap sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from harness.plugin import EstimationError, Floats, Mask, Panel, Problem
from harness_panel.solver.absorb import without_effects
from harness_panel.solver.regression import Regression

_NOTHING = 1e-10
"""Share of a candidate's columns that has to be left once effects and other regressors are taken out."""


@dataclass(frozen=True, eq=False)
class Candidates:
    """Places where a threshold may be.

    Attributes
    ----------
    places : (n_places,), ascending values of the variable
    shares : (n_places,), share of the rows at or below each
    trim : share of the rows that every regime has at least
    """

    places: Floats
    shares: Floats
    trim: float

    @classmethod
    def of(cls, values: Floats, counts: Floats, *, n_places: int, trim: float) -> Candidates:
        """Return quantiles of a variable, (n_obs,), of which rows count so and so often, (n_obs,) >= 0."""
        used = counts > 0
        levels, codes = np.unique(values[used], return_inverse=True)
        shares = np.cumsum(np.bincount(codes, weights=counts[used])) / counts.sum()
        # A share that is trim up to rounding is enough.
        inside = np.flatnonzero((shares >= trim - 1e-12) & (shares <= 1.0 - trim + 1e-12))
        wanted = np.linspace(trim, 1.0 - trim, n_places)
        at = np.searchsorted(shares[inside], wanted - 1e-12)
        chosen = inside[np.unique(at[at < inside.size])]
        return cls(levels[chosen], shares[chosen], trim)

    def are_apart(self, fixed: Sequence[int]) -> Mask:
        """Return which places leave enough rows between themselves and fixed ones, (n_places,)."""
        apart = np.ones(self.places.size, dtype=np.bool_)
        for at in fixed:
            apart &= np.abs(self.shares - self.shares[at]) >= self.trim - 1e-12
        return apart


@dataclass(frozen=True, eq=False)
class FoundThresholds:
    """Thresholds of one sample.

    Attributes
    ----------
    positions : among the candidates, ascending
    explained : sum of squares that they explain beyond a model without thresholds
    """

    positions: tuple[int, ...]
    explained: float


@dataclass(frozen=True, eq=False)
class _GivenFixed:
    """Candidates given some fixed thresholds.

    Attributes
    ----------
    shares : (n_places, n_terms, n_fixed * n_terms), coefficients of candidates on fixed columns
    whitening : (n_places, n_terms, n_terms), makes the residuals of a candidate's columns orthonormal
    is_apart : (n_places,)
    """

    shares: Floats
    whitening: Floats
    is_apart: Mask


@dataclass(frozen=True, eq=False)
class ThresholdSearch:
    """Cross products of what candidates would add to a model.

    Attributes
    ----------
    candidates : the places
    columns : (n_obs, n_places, n_terms), added columns less effects and other regressors, times the roots of
        the weights, each of length one before anything is taken out
    gram : (n_places, n_terms, n_places, n_terms), their cross products
    known : what was found out about candidates given fixed thresholds
    """

    candidates: Candidates
    columns: Floats
    gram: Floats
    known: dict[tuple[int, ...], _GivenFixed] = field(default_factory=dict, repr=False)

    @classmethod
    def of(
        cls, base: Regression, variable: str, candidates: Candidates, *, have_levels: bool
    ) -> ThresholdSearch:
        """Return the search of a model without thresholds, which knows effects, regressors and weights.

        Raises
        ------
        EstimationError
            Where no candidate would add anything.
        """
        columns = _within(base, _added(base.panel, variable, candidates.places, have_levels=have_levels))
        flat = columns.reshape(len(columns), -1)
        gram = (flat.T @ flat).reshape(*columns.shape[1:], *columns.shape[1:])
        places = np.arange(candidates.places.size)
        if not places.size or not (np.linalg.eigvalsh(gram[places, :, places, :])[:, -1] > _NOTHING).any():
            what = (
                f"no value of it leaves {candidates.trim:.0%} of the rows on both sides and a slope "
                "on either that the model does not have already"
            )
            hint = "choose another `variable`, a smaller `trim`, or fixed_effects"
            raise EstimationError(Problem(f"threshold in {variable!r}", what, hint=hint))
        return cls(candidates, columns, gram)

    def scores(self, residuals: Floats) -> Floats:
        """Return products of the columns with residuals, (n_places, n_terms, n_samples).

        Parameters
        ----------
        residuals : (n_obs, n_samples), times the roots of the weights
        """
        n_places, n_terms = self.columns.shape[1:]
        products = self.columns.reshape(len(residuals), -1).T @ residuals
        return products.reshape(n_places, n_terms, -1)

    def path(self, scores: Floats, n_thresholds: int) -> tuple[FoundThresholds, ...]:
        """Return the best without thresholds, with one, and so on, as far as there are places for more.

        Parameters
        ----------
        scores : (n_places, n_terms), of one sample

        Notes
        -----
        Each threshold is found given those before it, and then all anew given the others, until none moves
        (Hansen 1999, section 5; Bai 1997).
        """
        path, positions = [FoundThresholds((), 0.0)], list[int]()
        for _ in range(n_thresholds):
            gains = self.gains(scores, positions)
            if not gains.max() > 0.0:
                break
            positions = self._settled(scores, [*positions, int(gains.argmax())])
            path.append(FoundThresholds(tuple(positions), self.explained(scores, positions)))
        return tuple(path)

    def best(self, scores: Floats, n_thresholds: int) -> FoundThresholds:
        """Return the thresholds that explain most, given scores, (n_places, n_terms).

        Raises
        ------
        EstimationError
            Where there are no places for so many.
        """
        path = self.path(scores, n_thresholds)
        if len(path) <= n_thresholds:
            what = f"no place is left for threshold number {len(path)}"
            hint = "ask for fewer thresholds, or a smaller `trim`"
            raise EstimationError(Problem("thresholds", what, hint=hint))
        return path[n_thresholds]

    def explained(self, scores: Floats, positions: Sequence[int]) -> float:
        """Return the sum of squares that thresholds explain, given scores, (n_places, n_terms)."""
        return float(scores[list(positions)].ravel() @ self.coefficients(scores, positions))

    def coefficients(self, scores: Floats, positions: Sequence[int]) -> Floats:
        """Return coefficients of the added columns, (n_positions * n_terms,)."""
        own = scores[list(positions)].ravel()
        coefficients: Floats = self._inverse(positions) @ own
        return coefficients

    def gains(self, scores: Floats, fixed: Sequence[int]) -> Floats:
        """Return what each candidate explains in addition to fixed ones.

        Parameters
        ----------
        scores : (n_places, n_terms, ...)

        Returns
        -------
        (n_places, ...); minus infinity where a candidate is too near a fixed one.
        """
        given = self._given(tuple(fixed))
        residual = scores
        if fixed:
            own = scores[list(fixed)].reshape(-1, *scores.shape[2:])
            residual = scores - np.tensordot(given.shares, own, axes=1)
        turned = np.einsum("pij,pi...->pj...", given.whitening, residual)
        gains: Floats = np.sum(turned**2, axis=1)
        gains[~given.is_apart] = -np.inf
        return gains

    @property
    def n_terms(self) -> int:
        """Columns that a threshold adds."""
        return int(self.columns.shape[2])

    def _settled(self, scores: Floats, positions: list[int]) -> list[int]:
        """Return positions, ascending, of which none explains more elsewhere given the others."""
        has_moved = len(positions) > 1
        while has_moved:
            has_moved = False
            for at, position in enumerate(positions):
                gains = self.gains(scores, sorted(positions[:at] + positions[at + 1 :]))
                place = int(gains.argmax())
                # Equal to rounding is no reason to move.
                if gains[place] > gains[position] * (1.0 + 1e-9):
                    positions[at], has_moved = place, True
        return sorted(positions)

    def _inverse(self, positions: Sequence[int]) -> Floats:
        taken, size = list(positions), len(positions) * self.n_terms
        gram = self.gram[np.ix_(taken, range(self.n_terms), taken, range(self.n_terms))]
        return np.asarray(np.linalg.pinv(gram.reshape(size, size), rcond=_NOTHING, hermitian=True))

    def _given(self, fixed: tuple[int, ...]) -> _GivenFixed:
        """Return the candidates given fixed thresholds; samples share it, so it is kept."""
        if fixed in self.known:
            return self.known[fixed]
        places = np.arange(self.candidates.places.size)
        gram = self.gram[places, :, places, :]
        across = self.gram[:, :, list(fixed), :].reshape(*gram.shape[:2], -1)
        shares = across @ self._inverse(fixed)
        values, vectors = np.linalg.eigh(gram - shares @ across.transpose(0, 2, 1))
        is_new = values > _NOTHING
        roots = np.where(is_new, 1.0 / np.sqrt(np.where(is_new, values, 1.0)), 0.0)
        whitening, apart = vectors * roots[:, None, :], self.candidates.are_apart(fixed)
        self.known[fixed] = _GivenFixed(shares, whitening, apart)
        return self.known[fixed]


def _added(panel: Panel, variable: str, places: Floats, *, have_levels: bool) -> Floats:
    """Return what each candidate adds, (n_obs, n_places, n_terms); a slope, and with levels a level."""
    is_above = panel.column(variable)[:, None] > places
    exposure = panel.column(panel.exposure)
    if not have_levels:
        return (exposure[:, None] * is_above)[:, :, None]
    slopes = (exposure - exposure.mean())[:, None] * is_above
    return np.stack([slopes, is_above.astype(np.float64)], axis=2)


def _within(base: Regression, added: Floats) -> Floats:
    """Return columns of unit length less effects and regressors, times the roots of the weights."""
    flat = added.reshape(len(added), -1)
    root = np.sqrt(base.weights)[:, None]
    lengths = np.linalg.norm(root * flat, axis=0)
    scaled = flat / np.where(lengths > 0.0, lengths, 1.0)
    return residual(base, root * without_effects(base.absorber, scaled, base.weights)).reshape(added.shape)


def residual(base: Regression, within: Floats) -> Floats:
    """Return columns without effects, (n_obs, n), less what the regressors of a model explain."""
    basis = base.within.basis
    remaining: Floats = within - basis @ (basis.T @ within)
    return remaining
