"""Effects from residuals of nuisance functions, over folds of entities and all repeats of cross-fitting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats, Ints
from harness.errors import EstimationError
from harness.language import Coded, marked
from harness.scenarios.effect.dependence import DependentErrors, Errors
from harness.scenarios.effect.weak_instruments import ReducedForm


@dataclass(frozen=True, eq=False)
class EntityFolds:
    """Entities of the rows, and the folds that they are in.

    Attributes
    ----------
    entity : (n_obs,), 0 to n_entities - 1
    fold : (n_entities,), 0 to n_folds - 1
    """

    entity: Ints
    fold: Ints

    @classmethod
    def drawn(cls, codes: Ints, *, n_folds: int, rng: Generator) -> Self:
        """Return folds of entities, drawn at random and as equal in size as can be.

        Parameters
        ----------
        codes : (n_obs,), the entity of each row

        Raises
        ------
        EstimationError
            Where there are fewer entities than two for each fold.
        """
        present, entity = np.unique(codes, return_inverse=True)
        if present.size < 2 * n_folds:
            what = Coded(
                "{size} entities are too few for {n_folds} folds", size=present.size, n_folds=n_folds
            )
            expected, hint = Coded("at least {least} entities", least=2 * n_folds), marked("set fewer folds")
            raise EstimationError.at("effect", what, expected, hint)
        return cls(entity, rng.permutation(np.arange(present.size) % n_folds))

    @property
    def n_entities(self) -> int:
        """Number of entities."""
        return int(self.fold.size)

    @property
    def n_folds(self) -> int:
        """Number of folds."""
        return int(self.fold.max()) + 1

    def held_out(self, fold: int) -> Ints:
        """Return the positions of the rows of a fold."""
        return np.flatnonzero(self.fold[self.entity] == fold)

    def others(self, fold: int) -> Ints:
        """Return the positions of the rows of all other folds."""
        return np.flatnonzero(self.fold[self.entity] != fold)

    @property
    def weights(self) -> Floats:
        """By which folds of unequal size count alike, (n_entities,), 1 on average."""
        size = np.bincount(self.fold)
        return np.asarray(self.n_entities / (self.n_folds * size[self.fold]), dtype=np.float64)

    def summed(self, values: Floats) -> Floats:
        """Return sums over the rows of each entity, (n_entities, ...), of values, (n_obs, ...)."""
        table = values.reshape(self.entity.size, -1).T
        sums = [np.bincount(self.entity, weights=column, minlength=self.n_entities) for column in table]
        return np.asarray(
            np.stack(sums, axis=1).reshape(self.n_entities, *values.shape[1:]), dtype=np.float64
        )


# Share of a term's variation below which nothing of it is left to learn from.
LEAST_RESIDUAL = 1e-8


@dataclass(frozen=True, eq=False)
class Estimated:
    """Coefficients of one repeat of cross-fitting.

    Attributes
    ----------
    theta : (n_terms,), outcome units per unit of the term
    influence : (n_obs, n_terms), by how much each row moves theta; of its sums over rows that depend on each
        other the covariance of theta is made, see `DependentErrors`
    spread : (n_terms, n_terms), so that the root of ``c @ spread @ c`` is the S of an effect ``c @ theta``:
        times what an omitted variable explains it is the most by which that moves the effect (Chernozhukov,
        Cinelli, Newey, Sharma and Syrgkanis 2022)
    residual_share : share of the variation of the terms that inputs do not predict, the mean over terms; one
        where predictions of other entities are worse than a mean, NaN where no terms are predicted
    n_effective : entities among which what is left of the terms is spread, 1 where it is one entity's alone
        and all where each has as much: Kish's (1965) effective number, as of clusters in Carter, Schnepel and
        Steigerwald (2017)
    first_stage_f : of the instruments, the least over terms; NaN without
    reduced : form of a single instrumented term; None for others
    """

    theta: Floats
    influence: Floats
    spread: Floats
    residual_share: float
    n_effective: float
    first_stage_f: float = np.nan
    reduced: ReducedForm | None = None


def effective_entities(residuals: Floats, folds: EntityFolds) -> float:
    """Return the effective number of entities that values, (n_obs, n_columns), are spread among.

    Of shares of the sum of squares, the mean over columns, it is the reciprocal of the sum of their squares.
    """
    square = np.square(residuals)
    shares = folds.summed(square / square.sum(axis=0)).mean(axis=1)
    return float(1.0 / np.square(shares).sum())


def partialled_out(
    outcome: Floats, terms: Floats, outcome_hat: Floats, terms_hat: Floats, folds: EntityFolds
) -> Estimated:
    """Return the coefficients of residuals of the outcome on those of the terms.

    The score is that of Robinson (1988), orthogonal to both nuisance functions (Chernozhukov et al. 2018);
    every fold counts alike (Chiang, Kato, Ma and Sasaki 2022).

    Parameters
    ----------
    outcome, outcome_hat : (n_obs,), observed, and as predicted for entities held out
    terms, terms_hat : (n_obs, n_terms)

    Raises
    ------
    EstimationError
        Where nothing is left of the terms.
    """
    outcome_residual, residuals = outcome - outcome_hat, terms - terms_hat
    shares = _residual_shares(terms, residuals, "exposure")
    theta, influence = _regressed(outcome_residual, residuals, residuals, folds)
    error = outcome_residual - residuals @ theta
    gram = residuals.T @ residuals / error.size
    spread = np.linalg.inv(gram) * np.square(error).mean()
    share = float(np.minimum(shares, 1.0).mean())
    return Estimated(theta, influence, spread, share, effective_entities(residuals, folds))


def instrumented(
    outcome: Floats,
    terms: Floats,
    instruments: Floats,
    outcome_hat: Floats,
    terms_hat: Floats,
    instruments_hat: Floats,
    folds: EntityFolds,
) -> Estimated:
    """Return the coefficients of residuals of the outcome on those of the terms, by those of instruments.

    The score is that of the partially linear model with instruments (Chernozhukov et al. 2018, section 4.2):
    two-stage least squares of the residuals. What an omitted variable does to it is not known: the spread is
    NaN.

    Parameters
    ----------
    outcome, outcome_hat : (n_obs,), observed, and as predicted for entities held out
    terms, terms_hat : (n_obs, n_terms)
    instruments, instruments_hat : (n_obs, n_instruments), at least as many as terms

    Raises
    ------
    EstimationError
        Where nothing is left of terms or instruments, or the instruments do not move every term.
    """
    residuals, instrument_residuals = terms - terms_hat, instruments - instruments_hat
    shares = _residual_shares(terms, residuals, "exposure")
    _residual_shares(instruments, instrument_residuals, "instrument")
    weights = folds.weights[folds.entity][:, None]
    gram = np.linalg.inv(instrument_residuals.T @ (weights * instrument_residuals))
    first = gram @ (instrument_residuals.T @ (weights * residuals))
    fitted = instrument_residuals @ first
    size = np.where(fitted.std(axis=0) > 0.0, fitted.std(axis=0), 1.0)
    if np.linalg.matrix_rank(fitted / size) < residuals.shape[1]:
        what = marked("given the controls, the instruments do not move every term of the exposure")
        hint = marked("use the form `line`, or name more roles.instruments")
        raise EstimationError.at("instruments", what, marked("an instrument for each term"), hint)
    theta, influence = _regressed(outcome - outcome_hat, residuals, fitted, folds)

    def influence_of(error: Floats) -> Floats:
        """Return the influence of each entity on coefficients on the instruments that leave an error."""
        return np.sqrt(folds.weights)[:, None] * folds.summed(instrument_residuals * error[:, None]) @ gram

    of_terms = [influence_of(error) for error in (residuals - fitted).T]
    statistics = [
        float(slopes @ np.linalg.solve(own.T @ own, slopes)) / slopes.size
        for slopes, own in zip(first.T, of_terms, strict=True)
    ]
    reduced = None
    if theta.size == 1:
        outcome_residual, (own,) = outcome - outcome_hat, of_terms
        slopes = gram @ (instrument_residuals.T @ (weights[:, 0] * outcome_residual))
        other = influence_of(outcome_residual - instrument_residuals @ slopes)
        products = other.T @ other, other.T @ own, own.T @ own
        reduced = ReducedForm(slopes, first[:, 0], *products, df=folds.n_entities - 1)
    spread = np.full((theta.size, theta.size), np.nan)
    share = float(np.minimum(shares, 1.0).mean())
    n_effective = effective_entities(fitted, folds)
    return Estimated(theta, influence, spread, share, n_effective, min(statistics), reduced)


def _regressed(outcome: Floats, terms: Floats, fitted: Floats, folds: EntityFolds) -> tuple[Floats, Floats]:
    """Return coefficients of residuals, by the terms themselves or what instruments predict of them."""
    return _solved(fitted[:, :, None] * terms[:, None, :], fitted * outcome[:, None], folds)


def _residual_shares(values: Floats, residuals: Floats, what: str) -> Floats:
    """Return the share of the variation of each column, (n_obs, n_columns), that is left.

    Raises
    ------
    EstimationError
        Where nothing is left of a column, given the inputs and the others.
    """
    total = np.square(values - values.mean(axis=0)).sum(axis=0)
    shares = np.square(residuals).sum(axis=0) / np.where(total > 0.0, total, 1.0)
    size = residuals.std(axis=0)
    if shares.min() < LEAST_RESIDUAL or np.linalg.matrix_rank(residuals / size) < values.shape[1]:
        found = Coded("the inputs determine the {what}: no residual variation", what=what)
        expected = Coded("an {what} that changes within entities, other than by a step a period", what=what)
        hint = marked("drop controls that are functions of it")
        raise EstimationError.at("effect", found, expected, hint)
    return np.asarray(shares)


def averaged(values: Floats, representer: Floats, error: Floats, folds: EntityFolds) -> Estimated:
    """Return the mean of a debiased functional over entities drawn anew.

    The score of Chernozhukov, Newey and Singh (2022): that entities differ in the functional is part of the
    error, which that of the mean over these rows alone would leave out.

    Parameters
    ----------
    values : (n_obs,), the functional of the predictions, plus the representer times the error
    representer : (n_obs,), of Riesz
    error : (n_obs,), outcome less prediction
    """
    theta, influence = _solved(np.ones((error.size, 1, 1)), values[:, None], folds)
    spread = np.array([[np.square(error).mean() * np.square(representer).mean()]])
    n_effective = effective_entities(representer[:, None], folds)
    return Estimated(theta, influence, spread, np.nan, n_effective)


def _solved(jacobian: Floats, score: Floats, folds: EntityFolds) -> tuple[Floats, Floats]:
    """Solve sum of w (score - jacobian theta) = 0 over rows, (n_obs, n_terms, n_terms) and so on.

    Theta comes with the influence of each row, see `Estimated`.

    The influence of an entity is how far theta moves without it (the jackknife of clusters, CV3 of MacKinnon,
    Nielsen and Webb 2023), each of its rows having its part. Errors of Chiang, Kato, Ma and Sasaki (2022),
    which take scores as they are, are too small where few entities decide, as on the ends of a curve.

    Raises
    ------
    EstimationError
        Where a term varies in one entity alone.
    """
    weights = folds.weights
    of_entities = weights[:, None, None] * folds.summed(jacobian)
    whole = of_entities.sum(axis=0)
    theta = np.asarray(np.linalg.solve(whole, weights @ folds.summed(score)), dtype=np.float64)
    residual = np.sqrt(weights)[folds.entity][:, None] * (score - jacobian @ theta)
    others = whole - of_entities
    size = np.sqrt(np.abs(np.diagonal(whole)))
    if (np.linalg.matrix_rank(others / np.outer(size, size)) < theta.size).any():
        what = marked("a term of the exposure varies in a single entity")
        raise EstimationError.at("effect", what, expected=marked("terms that vary in two entities or more"))
    influence = np.einsum("ijk,ik->ij", np.linalg.inv(others)[folds.entity], residual)
    return theta, np.asarray(influence, dtype=np.float64)


# Draws of a simultaneous band, so that their quantiles are draws; a share of 0.05 has an error of 0.005.
N_DRAWS = 1999


@dataclass(frozen=True, eq=False)
class Effects:
    """Effects over all repeats of cross-fitting; what has no shape is the same for all points.

    Attributes
    ----------
    estimate, std_error : (n_points,), outcome units
    p_value : (n_points,), of no effect, two-sided
    p_together : (n_points,), the same adjusted for all points, by the draws of the simultaneous band
    robustness_value : (n_points,), share of the residual variation that an omitted variable has to explain to
        bring the estimate to zero
    robustness_value_limit : (n_points,), the same for the limit of the interval that is nearer to zero; zero
        where it holds zero
    residual_share, n_effective, first_stage_f : the median over repeats
    df : degrees of freedom of p-values and intervals
    critical_value : half the width of the pointwise interval in standard errors
    simultaneous_critical_value : half the width of the simultaneous band in standard errors
    errors, p_common_shocks : which depend on each other, as they were asked for or by a test, and its p-value
    """

    estimate: Floats
    std_error: Floats
    p_value: Floats
    p_together: Floats
    robustness_value: Floats
    robustness_value_limit: Floats
    residual_share: float
    n_effective: float
    first_stage_f: float
    df: float
    critical_value: float
    simultaneous_critical_value: float
    errors: Errors
    p_common_shocks: float


def robustness_values(ratio: Floats) -> Floats:
    """Return r with r / sqrt(1 - r) equal to a ratio, the same share explained of outcome and exposure.

    With |t| / sqrt(df) of a regression as ratio it is the robustness value of Cinelli and Hazlett (2020),
    with the effect over S that of Chernozhukov et al. (2022).
    """
    square = np.square(ratio)
    return np.asarray((np.sqrt(np.square(square) + 4.0 * square) - square) / 2.0)


def differences(ones: Sequence[Estimated], others: Sequence[Estimated]) -> list[Estimated]:
    """Return how far two ways to estimate the same coefficients differ, repeat by repeat.

    The influence of a row is the difference of its influences, so that their covariance is allowed for.
    """
    return [
        Estimated(
            one.theta - other.theta,
            one.influence - other.influence,
            np.full_like(one.spread, np.nan),
            np.nan,
            min(one.n_effective, other.n_effective),
        )
        for one, other in zip(ones, others, strict=True)
    ]


def aggregated(
    repeats: Sequence[Estimated],
    combinations: Floats,
    dependence: DependentErrors,
    *,
    level: float,
    rng: Generator,
) -> Effects:
    """Return effects with the median over repeats.

    Their variance is the median of each repeat's plus the squared deviation of its estimate (Chernozhukov et
    al. 2018, definition 3.3). The simultaneous band is that of a multiplier bootstrap (Semenova and
    Chernozhukov 2021), whose draws of coefficients are normal with their covariance, here of a t
    distribution, as few entities ask for.

    Parameters
    ----------
    combinations : (n_points, n_terms)
    dependence : of the errors of the rows that influences are of
    level : in (0, 1)
    rng : of the draws
    """
    from scipy.stats import t

    of_repeats = [(one.residual_share, one.n_effective, one.first_stage_f) for one in repeats]
    residual_share, n_effective, first_stage_f = (
        float(np.median(own)) for own in zip(*of_repeats, strict=True)
    )
    df = dependence.df(n_effective)
    estimates = np.stack([combinations @ repeat.theta for repeat in repeats])
    roots = [combinations @ dependence.root(repeat.influence) for repeat in repeats]
    variances = np.stack([np.square(root).sum(axis=1) for root in roots])
    estimate = np.median(estimates, axis=0)
    error = np.sqrt(np.median(variances + np.square(estimates - estimate), axis=0))
    spreads = [np.einsum("ij,jk,ik->i", combinations, repeat.spread, combinations) for repeat in repeats]
    critical_value = float(t.ppf((1.0 + level) / 2.0, df))
    spread = np.sqrt(np.median(np.stack(spreads), axis=0))
    nearer = np.maximum(np.abs(estimate) - critical_value * error, 0.0)
    statistic = np.divide(
        np.abs(estimate), error, out=np.where(estimate == 0.0, 0.0, np.inf), where=error > 0.0
    )
    p_value = p_together = np.asarray(2.0 * t.sf(statistic, df))
    simultaneous_critical_value = critical_value
    if estimate.size > 1:
        drawn = rng.standard_normal((N_DRAWS, combinations.shape[1]))
        drawn /= np.sqrt(rng.chisquare(df, size=(N_DRAWS, 1)) / df)
        greatest = [
            np.abs(drawn @ (root.T / np.sqrt(np.where(own > 0.0, own, np.inf)))).max(axis=1)
            for root, own in zip(roots, variances, strict=True)
        ]
        critical = [np.quantile(own, level, method="weibull") for own in greatest]
        simultaneous_critical_value = max(critical_value, float(np.median(critical)))
        beyond = [(1.0 + (own[:, None] >= statistic).sum(axis=0)) / (1.0 + N_DRAWS) for own in greatest]
        p_together = np.maximum(p_value, np.median(beyond, axis=0))
    limit = robustness_values(nearer / spread)
    return Effects(
        *(estimate, error, p_value, p_together, robustness_values(np.abs(estimate) / spread), limit),
        *(residual_share, n_effective, first_stage_f, df, critical_value, simultaneous_critical_value),
        *(dependence.errors, dependence.p_value),
    )
