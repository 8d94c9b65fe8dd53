"""Hand-written parts against the libraries that do the same: for docs/differences.md."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from time import process_time

import numpy as np
import pandas as pd
import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from sklearn.linear_model import Ridge
from statsmodels.multivariate.factor import Factor
from threadpoolctl import threadpool_limits

from harness.data.data_spec import DataSpec
from harness.data.prepare.learned_steps import likelihood_loadings, principal_loadings
from harness.data.read.files import read_source
from harness.data.read.source import Source
from harness.data.read.text import TEXT
from harness_sklearn.spline_design import errors_of_penalties, solve_ridge, weighted_moments


def ratio(benchmark: BenchmarkFixture, ours: Callable[[], object], library: Callable[[], object]) -> float:
    """Return how many times as long the library takes, best of three, on one core."""

    def seconds() -> float:
        start = process_time()
        library()
        return process_time() - start

    with threadpool_limits(limits=1):
        ours()
        benchmark.pedantic(ours, rounds=3)
        found = min(seconds() for _ in range(3)) / float(benchmark.stats["min"])
    benchmark.extra_info["library over ours"] = found
    return found


@pytest.mark.benchmark(group="factors", timer=process_time)
def test_loadings_cost_a_quarter_of_those_of_statsmodels(benchmark: BenchmarkFixture) -> None:
    rng = np.random.default_rng(5)
    samples = rng.standard_normal((20, 500, 1)) @ rng.uniform(0.4, 0.9, (20, 1, 5))
    matrices = [np.corrcoef((rows + 0.6 * rng.standard_normal(rows.shape)).T) for rows in samples]

    def library() -> None:
        for R in matrices:
            start = principal_loadings(R, 1), 0.9 / np.diag(np.linalg.inv(R))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # it warns of the precision it reached
                Factor(corr=R, n_factor=1, method="ml").fit(start=start, opt={"gtol": 1e-9})

    assert ratio(benchmark, lambda: [likelihood_loadings(R, 1) for R in matrices], library) > 4.0


@pytest.mark.benchmark(group="ridge", timer=process_time)
def test_ridges_of_all_draws_cost_a_third_of_those_of_scikit_learn(benchmark: BenchmarkFixture) -> None:
    rng = np.random.default_rng(0)
    X, penalties = rng.standard_normal((2457, 135)), np.geomspace(1e-4, 10.0, 12)
    y = X[:, :5].sum(axis=1) + rng.standard_normal(len(X))
    weights = rng.multinomial(len(X), np.full(len(X), 1.0 / len(X)), size=10).astype(np.float64)

    def ours() -> np.ndarray:
        train, left_out = (weighted_moments(X, y, rows) for rows in (weights, (weights == 0.0) * 1.0))
        errors = errors_of_penalties(train, left_out, penalties, n_free=0)
        return solve_ridge(train, penalties[errors.argmin(axis=0), None], n_free=0)

    def library() -> np.ndarray:
        return np.stack([one_draw(X, y, draw, penalties) for draw in weights])

    np.testing.assert_allclose(ours(), library(), rtol=0, atol=1e-12)
    assert ratio(benchmark, ours, library) > 3.0


def one_draw(X: np.ndarray, y: np.ndarray, weights: np.ndarray, penalties: np.ndarray) -> np.ndarray:
    """Return the coefficients under the penalty that errs least on the rows that are left out."""
    drawn, left_out = weights > 0.0, weights == 0.0
    fits = [
        Ridge(alpha=penalty * weights.sum(), fit_intercept=False, solver="cholesky").fit(
            X[drawn], y[drawn], sample_weight=weights[drawn]
        )
        for penalty in penalties
    ]
    errors = [np.square(y[left_out] - fit.predict(X[left_out])).mean() for fit in fits]
    return np.asarray(fits[int(np.argmin(errors))].coef_)


@pytest.mark.benchmark(group="text", timer=process_time)
def test_a_strict_reading_costs_at_most_thirty_times_that_of_pandas(benchmark: BenchmarkFixture) -> None:
    numbers = np.random.default_rng(0).standard_normal((20_000, 9))
    frame = pd.DataFrame(numbers, columns=list("abcdefghi"))
    frame.insert(0, "id", [f"{row:06d}" for row in range(len(frame))])
    frame.insert(1, "year", 2020)
    content = frame.to_csv(index=False).encode()

    def ours() -> pd.DataFrame:
        return read_source(Source(content, "x.csv", "id", "year", DataSpec(path="x.csv")), TEXT).frame

    np.testing.assert_array_equal(ours()[list("abcdefghi")].to_numpy(), numbers)
    found = ratio(benchmark, ours, lambda: pd.read_csv(io.BytesIO(content), dtype={"id": str}))
    assert found > 1.0 / 30.0
