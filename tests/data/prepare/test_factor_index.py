import warnings

import numpy as np
import pytest
from sklearn.decomposition import PCA, FactorAnalysis
from statsmodels.multivariate.factor import Factor

from harness.data.prepare.learned_steps import (
    LEAST_UNIQUENESS,
    FactorIndex,
    LearnedIndex,
    likelihood_loadings,
    principal_loadings,
)
from harness.errors import DataError

NAMES = ("p", "q", "r", "s", "t", "u")


def simulated(loadings, *, n_rows: int = 500, seed: int = 3) -> dict[str, np.ndarray]:
    """Return indicators that share factors, in units of their own."""
    loadings = np.asarray(loadings, dtype=np.float64).reshape(len(loadings), -1)
    rng = np.random.default_rng(seed)
    factors = rng.standard_normal((n_rows, loadings.shape[1]))
    noise = rng.standard_normal((n_rows, len(loadings))) * np.sqrt(1 - np.square(loadings).sum(axis=1))
    raw = (factors @ loadings.T + noise) * np.arange(1, len(loadings) + 1) * 10.0 + 100.0
    return {"latent": factors[:, 0], **dict(zip(NAMES, raw.T, strict=False))}


ONE_FACTOR = simulated([0.9, 0.8, 0.7, 0.6, 0.5])


def standardised(columns, names) -> np.ndarray:
    raw = np.column_stack([columns[name] for name in names])
    return (raw - raw.mean(axis=0)) / raw.std(axis=0)


def correlation(columns, names) -> np.ndarray:
    return np.corrcoef(standardised(columns, names).T)


def learn(index: FactorIndex, columns) -> LearnedIndex:
    return index.learn({name: columns[name] for name in index.columns})


def from_statsmodels(R, n_factors) -> Factor:
    """Return the fit of statsmodels from the start that ours has: its own is drawn at random."""
    uniqueness = (1.0 - 0.5 * n_factors / len(R)) / np.diag(np.linalg.inv(R))
    model = Factor(corr=R, n_factor=n_factors, method="ml")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of the precision it reached
        model.fit(start=(principal_loadings(R, n_factors), uniqueness), opt={"gtol": 1e-9})
    return model


def discrepancy(R, loadings, uniqueness) -> float:
    """Return twice the mean log-likelihood of a row that the model lacks against any covariance."""
    S = loadings @ loadings.T + np.diag(uniqueness)
    return float(np.linalg.slogdet(S)[1] - np.linalg.slogdet(R)[1] + np.trace(np.linalg.solve(S, R)) - len(R))


@pytest.mark.parametrize(
    ("loadings", "n_factors"),
    [
        pytest.param([0.9, 0.8, 0.7, 0.6, 0.5], 1, id="one-factor"),
        ([[0.9, 0], [0.8, 0.1], [0.7, 0.2], [0.1, 0.8], [0, 0.7], [0.3, 0.6]], 2),
    ],
)
def test_likelihood_loadings_are_those_of_two_libraries(loadings, n_factors):
    names = NAMES[: len(loadings)]
    columns = simulated(loadings)
    R, Z = correlation(columns, names), standardised(columns, names)
    ours = likelihood_loadings(R, n_factors)
    theirs = from_statsmodels(R, n_factors)
    sklearn = FactorAnalysis(n_factors, svd_method="lapack", tol=1e-10, max_iter=20_000).fit(Z).components_.T
    # Rotations of the factors leave the products of the loadings alone.
    np.testing.assert_allclose(ours @ ours.T, theirs.loadings @ theirs.loadings.T, atol=1e-7)
    np.testing.assert_allclose(ours @ ours.T, sklearn @ sklearn.T, atol=2e-4)
    reached = discrepancy(R, ours, 1.0 - np.square(ours).sum(axis=1))
    assert reached <= discrepancy(R, theirs.loadings, theirs.uniqueness) + 1e-12


# Exact loadings would be 1.2 = (0.9 * 0.8 / 0.5)^(1/2), beyond a standard deviation.
HEYWOOD = np.array([[1.0, 0.9, 0.8], [0.9, 1.0, 0.5], [0.8, 0.5, 1.0]])


def test_a_heywood_case_is_fitted_better_than_by_statsmodels():
    """It has no bound, and from the same start ends in a local maximum here."""
    ours, theirs = likelihood_loadings(HEYWOOD, 1), from_statsmodels(HEYWOOD, 1)
    reached = discrepancy(HEYWOOD, ours, np.maximum(1.0 - np.square(ours)[:, 0], LEAST_UNIQUENESS))
    assert reached < discrepancy(HEYWOOD, theirs.loadings, theirs.uniqueness) - 0.5


def test_a_bound_costs_a_heywood_case_little_likelihood_and_fixes_its_answer():
    R = np.array([[1.0, 0.8, 0.7], [0.8, 1.0, 0.4], [0.7, 0.4, 1.0]])
    ours, theirs = likelihood_loadings(R, 1), from_statsmodels(R, 1)
    assert theirs.uniqueness.min() < 1e-4
    reached = discrepancy(R, ours, np.maximum(1.0 - np.square(ours)[:, 0], LEAST_UNIQUENESS))
    assert 0.0 < reached - discrepancy(R, theirs.loadings, theirs.uniqueness) < 0.01
    nudged = likelihood_loadings(R + 1e-14 * (1.0 - np.eye(3)), 1)
    np.testing.assert_allclose(nudged, ours, atol=1e-9)


def test_scores_are_regression_scores():
    names = NAMES[:5]
    learned = learn(FactorIndex("d", names), ONE_FACTOR)
    Z, R = standardised(ONE_FACTOR, names), correlation(ONE_FACTOR, names)
    loadings = likelihood_loadings(R, 1)[:, 0]
    uniqueness = 1 - np.square(loadings)
    # Thomson's form by the model's own covariance; at the maximum both score alike.
    expected = Z @ (loadings / uniqueness) / (1 + np.sum(np.square(loadings) / uniqueness))
    scores = learned.compute(ONE_FACTOR) + learned.line.start
    np.testing.assert_allclose(np.abs(scores), np.abs(expected), rtol=1e-5, atol=1e-6)


def test_principal_components_are_sklearns():
    names = NAMES[:5]
    index = learn(FactorIndex("d", names, "pca"), ONE_FACTOR).compute(ONE_FACTOR)
    component = PCA(1, svd_solver="full", whiten=True).fit_transform(standardised(ONE_FACTOR, names))[:, 0]
    component *= np.sign(np.corrcoef(component, index)[0, 1]) * np.sqrt(len(index) / (len(index) - 1))
    np.testing.assert_allclose(index, component - component.min(), atol=1e-10)


@pytest.mark.parametrize("method", ["factor", "pca"])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_index_rises_with_its_first_indicator(sign, method):
    flipped = {name: sign * column for name, column in ONE_FACTOR.items()}
    learned = learn(FactorIndex("d", NAMES[:5], method), flipped)
    index = learned.compute(flipped)
    assert all(np.corrcoef(index, flipped[name])[0, 1] > 0 for name in NAMES[:5])
    assert learned.loadings[0] > 0


def test_the_first_rotated_factor_is_the_one_that_explains_most():
    columns = simulated([[0.9, 0], [0.8, 0], [0.7, 0.1], [0.6, 0], [0.1, 0.7], [0, 0.6]])
    index = learn(FactorIndex("d", NAMES, factors=2), columns).compute(columns)
    assert np.corrcoef(index, columns["latent"])[0, 1] > 0.93


@pytest.mark.parametrize(
    ("columns", "what"),
    [
        pytest.param({"p": [1.0] * 9, "q": range(9), "r": [5.0] * 9}, "constant: p, r", id="constant"),
        ({"p": range(9), "q": [2 * x for x in range(9)], "r": [1, 0] * 4 + [1]}, "follows"),
        pytest.param({"p": [1, 2], "q": [2, 1], "r": [0, 1]}, "2 complete rows are too few", id="few-rows"),
    ],
)
def test_what_nothing_can_be_learned_from(columns, what):
    cells = {name: np.array(list(values), dtype=np.float64) for name, values in columns.items()}
    with pytest.raises(DataError) as caught:
        FactorIndex("d", ("p", "q", "r")).learn(cells)
    assert caught.value.where == "column 'd' (factor_index)"
    assert what in caught.value.what
    assert caught.value.hint


def test_an_index_that_the_data_hardly_determine_is_warned_of():
    rng = np.random.default_rng(5)
    p, q, r = rng.normal(size=(3, 200))
    assert learn(FactorIndex("d", NAMES[:5]), ONE_FACTOR).notes == ()
    dependent = {"p": p, "q": q, "r": p + q + 1e-4 * r}
    (note,) = learn(FactorIndex("d", ("p", "q", "r")), dependent).notes
    assert note.code == "W-INDEX"
    assert "condition number" in note.message
    # Two columns that go together and a third that goes with neither: only the product of two loadings shows.
    basis = np.linalg.qr(np.column_stack([np.ones(200), p, q, r]))[0][:, 1:]
    ridge = dict(
        zip("pqr", (basis @ np.array([[1.0, 0.5, 0.0], [0.0, 0.8, 0.0], [0.0, 0.0, 1.0]])).T, strict=True)
    )
    assert learn(FactorIndex("d", ("p", "q", "r")), ridge).condition > 1e6
