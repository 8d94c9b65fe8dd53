"""Tests of a fit, each with its source: effects, dependent errors, the variance and form of pooled ones."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import sqrt
from typing import TYPE_CHECKING, Literal

import numpy as np

from harness import plugin
from harness.plugin import (
    Coded,
    CoefficientTable,
    EstimationError,
    Floats,
    Links,
    Panel,
    Problem,
    Statistic,
    marked,
)
from harness_panel.solver.equation import Centring, Equation, Pairs, random_equation
from harness_panel.solver.regression import Regression, in_words, regress
from harness_panel.solver.within import Absorber
from harness_panel.statistics import by_columns

if TYPE_CHECKING:
    from scipy.sparse import csr_array

# ``normal`` tests both tails, the others the upper one.
Distribution = Literal["F", "chi2", "noncentral chi2", "normal"]


@dataclass(frozen=True)
class Diagnostic:
    """A test of what an estimator assumes.

    Attributes
    ----------
    name : such as ``hausman``
    null : what is true if the statistic is small
    statistic : the number
    distribution, df : what the statistic follows under the null; of a noncentral chi2 the second is its
        noncentrality
    source : of the test
    caution : why the p-value deserves less trust than others; empty where it does not
    """

    name: str
    null: str
    statistic: float
    distribution: Distribution
    df: tuple[float, ...]
    source: str
    caution: str = ""

    @property
    def p_value(self) -> float:
        """Probability of a statistic at least as extreme under the null, in [0, 1]."""
        from scipy import stats

        if self.distribution == "normal":
            return float(2.0 * stats.norm.sf(abs(self.statistic)))
        tail = {"F": stats.f, "chi2": stats.chi2, "noncentral chi2": stats.ncx2}[self.distribution]
        return float(tail.sf(self.statistic, *self.df))


# A test that is ready to be computed; it raises an `EstimationError` where these rows cannot carry it.
Check = Callable[[], Diagnostic]


def unweighted(check: Check, *, is_weighted: bool) -> Check:
    """Return a test that is defined for rows that count alike, refused where they do not."""

    def refuse() -> Diagnostic:
        raise EstimationError(Problem("weights", marked("the test is not defined with weights")))

    return refuse if is_weighted else check


_COLUMNS = (
    *("test", "null_hypothesis", "statistic", "distribution", "df1", "df2", "p_value", "source"),
    *("caution", "status", "reason"),
)


def diagnostic_columns(checks: Mapping[str, Check]) -> Mapping[str, Sequence[object]]:
    """Return tests by name, computed, as a tidy table; one that is refused has its reason and no numbers."""
    return by_columns(_COLUMNS, (_row(name, check) for name, check in checks.items()))


def details_of(
    statistics: Iterable[Statistic], checks: Mapping[str, Check]
) -> Mapping[str, Mapping[str, Sequence[object]]]:
    """Return statistics and tests of a fit as its tables, see `harness.plugin.HasDetails`."""
    return {
        "statistics": plugin.statistic_columns(list(statistics)),
        "diagnostics": diagnostic_columns(checks),
    }


def _row(name: str, check: Check) -> tuple[object, ...]:
    try:
        found = check()
    except EstimationError as error:
        return (name, *[None] * 8, "refused", error.problems[0].what)
    df1, df2, *_ = *found.df, None, None
    return (
        *(found.name, found.null, found.statistic, found.distribution, df1, df2),
        *(found.p_value, found.source, found.caution, "ok", ""),
    )


def effect_tests(
    rows: Panel, tests: Iterable[tuple[str, str, float, float]], *, exposure: str
) -> Mapping[str, Sequence[object]]:
    """Return tests of an effect's form, as `harness.plugin.HasResultRows` has them.

    Parameters
    ----------
    tests : name, null, statistic and p-value of each
    """
    names = ("exposure", "test", "against", "statistic", "p_value", "n_entities")
    return by_columns(names, ((exposure, *test, rows.n_entities) for test in tests))


def f_test_of_effects(
    panel: Panel, effects: tuple[plugin.EffectKey, ...], *, weights: Floats | None = None
) -> Diagnostic:
    """Test fixed effects against pooled OLS on the same columns, both with the same weights, (n_obs,).

    Raises
    ------
    EstimationError
        Where either cannot be estimated, or effects take no degrees of freedom.
    """
    pooled, within = (regress(panel, absorbed, weights=weights) for absorbed in ((), effects))
    df1 = pooled.df_resid - within.df_resid
    if df1 <= 0:
        raise EstimationError(Problem("effects", marked("they explain no more than the columns they absorb")))
    statistic = (pooled.rss - within.rss) / df1 / (within.rss / within.df_resid)
    null = Coded("all {effects} effects are equal", effects=in_words(effects))
    source = "Baltagi 2021, Econometric Analysis of Panel Data, section 2.2; plm's pFtest"
    return Diagnostic("f_effects", null, statistic, "F", (df1, within.df_resid), source)


def breusch_pagan(panel: Panel) -> Diagnostic:
    """Test for a random effect of the entity by the residuals of pooled OLS, on unbalanced panels too.

    Raises
    ------
    EstimationError
        Where pooled OLS cannot be estimated, or no entity has two rows.
    """
    residuals = regress(panel, ()).within.residuals
    sums = np.bincount(panel.entity.codes, residuals)
    sizes = np.bincount(panel.entity.codes)
    n_obs, pairs = panel.n_obs, float(sizes @ sizes) - panel.n_obs
    if pairs == 0:
        raise EstimationError(Problem("entities", marked("no entity has two rows")))
    share = 1.0 - float(sums @ sums) / float(residuals @ residuals)
    null = marked("the variance between entities is zero")
    statistic = 0.5 * n_obs**2 * share**2 / pairs
    source = "Breusch & Pagan 1980; Baltagi & Li 1990 for unbalanced panels; plm's plmtest, type bp"
    return Diagnostic("breusch_pagan", null, statistic, "chi2", (1,), source)


def wald_of_slopes(table: CoefficientTable, at: Sequence[int]) -> Diagnostic:
    """Test that the slopes at some positions are all zero.

    Raises
    ------
    EstimationError
        As by `wald`.
    """
    statistic = wald(table, at) / len(at)
    null = marked("all slopes are zero")
    source = f"Wald test, covariance {table.correction.kind}"
    return Diagnostic("slopes", null, statistic, "F", (len(at), table.correction.df_resid), source)


def wald(table: CoefficientTable, at: Sequence[int]) -> float:
    """Return b' V^-1 b of the coefficients at some positions.

    Raises
    ------
    EstimationError
        Where there is none, or V is not positive definite, as with fewer clusters than coefficients.
    """
    if not at:
        raise EstimationError(Problem("test", marked("no coefficient can be tested")))
    estimate, covariance = table.estimate[list(at)], table.covariance[np.ix_(at, at)]
    if not is_definite(covariance):
        what = marked("the covariance of the tested coefficients is not positive definite")
        raise EstimationError.at("covariance", what)
    return float(estimate @ np.linalg.solve(covariance, estimate))


def is_definite(matrix: Floats) -> bool:
    """Say whether a symmetric matrix is positive definite beyond rounding, whatever the units of its rows."""
    scale = np.sqrt(np.abs(np.diag(matrix)))
    values = np.linalg.eigvalsh(matrix / np.outer(scale, scale))
    return bool(values[0] > 1e-12 * values[-1])


_NULL = marked("entity effects are uncorrelated with the regressors")


def hausman(panel: Panel) -> Diagnostic:
    """Test by the distance of the random-effects slopes from those within, classical covariances.

    Where the difference of the two covariances is not positive definite the statistic is the size of the
    quadratic form, as plm has it, and the result carries a caution, since no distribution stands behind it.

    Raises
    ------
    EstimationError
        Where either cannot be estimated, or they share no column.
    """
    within = regress(panel, ("entity",))
    random = random_equation(panel).regression()
    common = [term for term in within.terms if term in random.terms]
    own, other = ([fit.terms.index(term) for term in common] for fit in (within, random))
    gap = within.estimate[own] - random.estimate[other]
    spread = (
        within.classical_covariance()[np.ix_(own, own)] - random.classical_covariance()[np.ix_(other, other)]
    )
    if not common:
        raise EstimationError(
            Problem("hausman", marked("random effects and fixed effects have no regressor in common"))
        )
    statistic = abs(float(gap @ np.linalg.solve(spread, gap)))
    caution, source = "", "Hausman 1978; plm's phtest"
    if not is_definite(spread):
        caution = marked(
            "the difference of the two covariances is not positive definite; use the test mundlak"
        )
    return Diagnostic("hausman", _NULL, statistic, "chi2", (len(common),), source, caution)


def means_test(table: CoefficientTable) -> Diagnostic:
    """Test that the entity means of a table have no slopes.

    Raises
    ------
    EstimationError
        Where there are none, or their covariance is singular.
    """
    at = [position for position, term in enumerate(table.terms) if plugin.mean_of(term) is not None]
    statistic = wald(table, at)
    source = f"Mundlak 1978; Wald test of entity means, covariance {table.correction.kind}"
    return Diagnostic("mundlak", _NULL, statistic, "chi2", (len(at),), source)


_MOST_ENTITIES = 5_000
_FEWEST_PERIODS = 3


def wooldridge(panel: Panel) -> Diagnostic:
    """Test for serial correlation of idiosyncratic errors.

    Residuals of first differences have autocorrelation -1/2 if errors in levels have none. The slope of the
    residuals on those one period before, through the origin and with errors clustered by entity, is tested.

    Raises
    ------
    EstimationError
        Where no entity has three adjacent periods, or fewer than two have.
    """
    from statsmodels.regression.linear_model import OLS

    changes = Pairs.of(panel).differenced(panel)
    equation = Equation(changes, Centring.at_zero(panel), Absorber(()), np.ones(changes.n_obs))
    residuals = equation.regression().within.residuals
    pairs = Pairs.of(changes)
    before, after = residuals[pairs.earlier], residuals[pairs.later]
    clusters = plugin.Grouping.of(changes.entity.codes[pairs.later])
    n_clusters = clusters.n_levels
    if n_clusters < 2:
        raise EstimationError(
            Problem("entities", marked("fewer than two entities have three adjacent periods"))
        )
    fitted = OLS(after, before).fit(cov_type="cluster", cov_kwds={"groups": clusters.codes})
    slope, variance = float(fitted.params[0]), float(fitted.cov_params()[0, 0])
    null = marked("errors are serially uncorrelated within entities")
    source = "Wooldridge 2010, section 10.6.3; Drukker 2003, Stata's xtserial"
    statistic = (slope + 0.5) ** 2 / variance
    return Diagnostic("serial_correlation", null, statistic, "F", (1, n_clusters - 1), source)


def pesaran(panel: Panel, residuals: Floats) -> Diagnostic:
    """Test for dependence across entities by the correlations of their residuals, (n_obs,).

    A correlation is over the periods two entities share, at least three, and counts by the root of their
    number.

    Raises
    ------
    EstimationError
        Where no two entities share three periods, or there are more entities than can be paired.
    """
    if panel.n_entities > _MOST_ENTITIES:
        words = marked("there are {n_entities} entities; pairs are formed for up to {MOST_ENTITIES}")
        what = Coded(words, n_entities=panel.n_entities, MOST_ENTITIES=_MOST_ENTITIES)
        raise EstimationError.at("entities", what)
    import pandas as pd

    entity, time = (plugin.Grouping.of(key.codes) for key in (panel.entity, panel.time))
    values = np.full((time.n_levels, entity.n_levels), np.nan)
    values[time.codes, entity.codes] = residuals
    present = np.isfinite(values).astype(np.float64)
    correlations = pd.DataFrame(values).corr(min_periods=_FEWEST_PERIODS).to_numpy()
    is_pair = np.triu(np.isfinite(correlations), k=1)
    n_pairs = int(np.count_nonzero(is_pair))
    if n_pairs == 0:
        raise EstimationError(Problem("entities", marked("no two entities have three periods in common")))
    shared = (present.T @ present)[is_pair]
    statistic = float(np.sqrt(shared) @ correlations[is_pair]) / np.sqrt(n_pairs)
    null = marked("errors are cross-sectionally uncorrelated")
    source = "Pesaran 2004, 2015, CD with the pairs of unbalanced panels; plm's pcdtest, test cd"
    return Diagnostic("cross_section_dependence", null, float(statistic), "normal", (), source)


# Values of squares and products up to which White's test is computed: its matrices are 0.16 GB each then.
MOST_PRODUCTS = 20_000_000

# Singular values below this share of the largest are rounding.
_NOTHING = 1e-10


def heteroscedasticity(regression: Regression) -> Diagnostic:
    """Test for a variance of the errors that is linear in the columns."""
    from statsmodels.stats.diagnostic import het_breuschpagan

    statistic = float(het_breuschpagan(regression.within.residuals, regression.basis)[0])
    source = "Breusch & Pagan 1979; Koenker 1981; statsmodels"
    return _of_variance("heteroscedasticity", statistic, regression.n_coef - 1, source)


def white(regression: Regression) -> Diagnostic:
    """Test for a variance of the errors that depends on the columns, their squares or their products.

    Raises
    ------
    EstimationError
        Where there are more such terms than a third of the rows, or too many on too many rows.
    """
    n_terms = regression.n_coef * (regression.n_coef + 1) // 2
    if 3 * n_terms > regression.n_obs:
        words = marked(
            "{n_terms} squares and products of regressors are more than a third of the {n_obs} rows"
        )
        what = Coded(words, n_terms=n_terms, n_obs=regression.n_obs)
        raise EstimationError(Problem("white", what, hint=marked("use the test heteroscedasticity")))
    if n_terms * regression.n_obs > MOST_PRODUCTS:
        what = Coded(
            "{n_terms} squares and products of regressors in {n_obs} rows are more than "
            "{MOST_PRODUCTS} numbers",
            n_terms=n_terms,
            n_obs=f"{regression.n_obs:,}",
            MOST_PRODUCTS=f"{MOST_PRODUCTS:,}",
        )
        raise EstimationError(Problem("white", what, hint=marked("use the test heteroscedasticity")))
    first, second = np.triu_indices(regression.n_coef)
    products = regression.basis[:, first] * regression.basis[:, second]
    # Squares of dummies are the dummies: what repeats other terms is left out, which het_white warns of.
    left, sizes, _ = np.linalg.svd(products - products.mean(axis=0), full_matrices=False)
    independent = left[:, sizes > _NOTHING * sizes[0]]
    squares = np.square(regression.within.residuals)
    squares -= squares.mean()
    explained = np.square(squares @ independent).sum() / np.square(squares).sum()
    return _of_variance("white", float(regression.n_obs * explained), independent.shape[1], "White 1980")


def reset(regression: Regression) -> Diagnostic:
    """Test that squares and cubes of the fitted values have no slopes.

    Raises
    ------
    EstimationError
        Where the columns determine these powers, as dummies alone do.
    """
    from statsmodels.regression.linear_model import OLS
    from statsmodels.stats.diagnostic import linear_reset
    from statsmodels.tools.sm_exceptions import SingularMatrixWarning

    outcome = regression.panel.observed - regression.panel.observed.mean()
    fitted = OLS(outcome / outcome.std(), regression.basis).fit()
    with warnings.catch_warnings():
        warnings.simplefilter("error", SingularMatrixWarning)
        try:
            result = linear_reset(fitted, power=3, test_type="fitted", use_f=True)
        except SingularMatrixWarning as singular:
            what = marked("powers of the fitted values are collinear with the regressors")
            raise EstimationError(Problem("reset", what, hint=marked("drop the test"))) from singular
    null = marked("the outcome is linear in the regressors")
    source = "Ramsey 1969, powers 2 and 3; statsmodels linear_reset"
    df = float(result.df_num), float(result.df_denom)
    return Diagnostic("reset", null, float(result.fvalue), "F", df, source)


def _of_variance(name: str, statistic: float, df: int, source: str) -> Diagnostic:
    null = marked("errors are homoskedastic")
    return Diagnostic(name, null, statistic, "chi2", (df,), source)


def moran(weights: csr_array, basis: Floats, residuals: Floats) -> tuple[float, float, float]:
    """Return Moran's I of residuals, with its mean and variance for independent normal errors.

    Cliff & Ord 1981, chapter 8: the moments are those of residuals, which the regressors make dependent.

    Parameters
    ----------
    weights : (n_obs, n_obs), rows sum to one, or to zero without neighbours
    basis : (n_obs, n_coef), orthonormal, of the regressors
    residuals : (n_obs,)
    """
    n_obs, n_coef = basis.shape
    unit, df = n_obs / float(weights.sum()), n_obs - n_coef
    ahead, back = weights @ basis, weights.T @ basis
    inner = basis.T @ ahead
    first = -float(np.trace(inner))
    squares = float(weights.multiply(weights).sum()) - float(np.sum(back**2) + np.sum(ahead**2))
    squares += float(np.sum(inner**2))
    products = float(weights.multiply(weights.T).sum()) - 2.0 * float(np.sum(back * ahead))
    products += float(np.sum(inner * inner.T))
    mean = unit * first / df
    variance = unit**2 * (squares + products + first**2) / (df * (df + 2.0)) - mean**2
    own = float(residuals @ (weights @ residuals)) / float(residuals @ residuals)
    return unit * own, mean, variance


def weight_matrix(links: Links, n_obs: int) -> csr_array:
    """Return the weights of each row's neighbours, (n_obs, n_obs); those of a row sum to one."""
    from scipy.sparse import csr_array

    return csr_array((links.weights, (links.rows, links.others)), shape=(n_obs, n_obs))


_NULLS: Mapping[str, str] = {
    "moran": marked("residuals of neighbours are uncorrelated"),
    "lm_error": marked("no spatial correlation of errors"),
    "lm_lag": marked("no spatial lag of the outcome"),
    "lm_error_robust": marked("no spatial correlation of errors, robust to a spatial lag"),
    "lm_lag_robust": marked("no spatial lag of the outcome, robust to spatial errors"),
}


def spatial_tests(regression: Regression) -> Mapping[str, Check]:
    """Return the tests of a pooled regression whose rows have neighbours, none of another, not computed."""
    links = regression.panel.links()
    return {} if links is None else {name: partial(_spatial_test, regression, links, name) for name in _NULLS}


def _spatial_test(regression: Regression, links: Links, name: str) -> Diagnostic:
    if not links.rows.size:
        raise EstimationError.at("neighbours", marked("no period has two neighbouring rows"))
    outcome, residuals, basis = regression.panel.observed, regression.within.residuals, regression.basis
    weights = weight_matrix(links, outcome.size)
    if name == "moran":
        value, mean, spread = moran(weights, basis, residuals)
        source = f"Moran's I {value:.4f} of {links.source}; Cliff & Ord 1981"
        return Diagnostic(name, _NULLS[name], (value - mean) / sqrt(spread), "normal", (), source)
    variance = float(residuals @ residuals) / residuals.size
    trace = float(weights.multiply(weights).sum() + weights.multiply(weights.T).sum())
    # The scores of spatially correlated errors and of a spatial lag, and the variance of the latter.
    error = float(residuals @ (weights @ residuals)) / variance
    lag = float(residuals @ (weights @ outcome)) / variance
    lagged = weights @ (outcome - residuals)
    remaining = lagged - basis @ (basis.T @ lagged)
    information = float(remaining @ remaining) / variance + trace
    share = trace / information
    statistic = {
        "lm_error": error**2 / trace,
        "lm_lag": lag**2 / information,
        "lm_error_robust": (error - share * lag) ** 2 / (trace * (1.0 - share)),
        "lm_lag_robust": (lag - error) ** 2 / (information - trace),
    }[name]
    source = f"{links.source}; Anselin, Bera, Florax & Yoon 1996"
    return Diagnostic(name, _NULLS[name], statistic, "chi2", (1,), source)
