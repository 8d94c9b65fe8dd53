"""How often whole studies, at ``--quick``, say that something is there which is not."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from command import ROOT
from harness.evaluation.gain import gain_over
from harness.evaluation.losses import ClusterLosses, cluster_losses
from harness.evaluation.protocol import HeldOutEntities, RandomRows
from harness.installed import installed
from harness.plugin import random_stream
from harness.running.options import RunOptions
from harness.running.run import write_run
from harness_neural.mlp import Mlp
from harness_panel import PooledOLS
from panels import balanced_panel
from shares import most

N_PANELS = 40
NETWORKS = ("mlp", "rab")


@dataclass(frozen=True)
class Case:
    """A spec of simulated data, and its networks."""

    spec: str
    network: str

    @property
    def overrides(self) -> tuple[str, ...]:
        """A smaller panel, and the reference beside a network and its bootstrap."""
        base = f"use: mlp{self.network}"
        return (
            "data.simulate.n_entities=80",
            "data.simulate.n_periods=6",
            "estimators=[{id: ols, use: pooled_ols}, {id: mlp, "
            f"{base}}}, {{id: rab, use: rab, base: {{{base}}}}}]",
            "evaluation.further_references=[]",
            "evaluation.protocols=[random_rows, held_out_entities, forward]",
            "scenarios=[{use: curve}]",
            "expect=[]",
        )


CASES = {
    "null_effect": Case("null_effect", ""),
    "monotone": Case("monotone", ", optimiser: levenberg_marquardt, hidden: 6, restarts: 1"),
}


@cache
def found(name, seed, folder):
    """Return which kinds each estimator established on one panel: pairs of estimator and kind."""
    case = CASES[name]
    options = RunOptions(
        spec=ROOT / "specs" / f"{case.spec}.yaml",
        out=folder / f"{name}-{seed}",
        quick=True,
        overrides=(*case.overrides, f"seed={seed}", f"data.simulate.seed={seed}"),
    )
    table = write_run(options, installed(), workers=options.workers).read_table("findings")
    done = table[table["is_established"].astype(str) == "True"].fillna({"estimator": ""})
    return frozenset(done[["estimator", "finding"]].itertuples(index=False, name=None))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("panels")


def times(name, kind, folder):
    """Return on how many panels each network made a finding of the kind."""
    panels = [found(name, seed, folder) for seed in range(1, N_PANELS + 1)]
    return {network: sum((network, kind) in panel for panel in panels) for network in NETWORKS}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "kind", "most"),
    [
        ("null_effect", "gain", 2),
        ("null_effect", "turning_point", 2),
        ("null_effect", "model_curve", 3),
        ("monotone", "turning_point", 2),
    ],
)
def test_what_is_not_there_is_hardly_ever_established(name, kind, most, folder):
    made = times(name, kind, folder)
    assert all(count <= most for count in made.values()), made


@pytest.mark.slow
def test_an_effect_that_is_there_is_found(folder):
    assert min(times("monotone", "model_curve", folder).values()) >= 36


N_ENTITIES, N_PERIODS = 60, 6


def panel_of(outcome, *columns):
    return balanced_panel((N_ENTITIES, N_PERIODS), outcome=outcome, X=np.column_stack(columns))


def squared_errors(panel, seed, estimator=None):
    """Return the squared errors of an estimator, pooled OLS unless given, every entity held out once."""
    errors = np.empty(panel.n_obs)
    for fold in HeldOutEntities(folds=5).split(panel, rng=random_stream(seed, "folds")):
        fit = (estimator or PooledOLS()).fit(panel.take(fold.train), rng=random_stream(seed, "fit"))
        errors[fold.test] = (panel.observed[fold.test] - fit.predict(panel.take(fold.test))) ** 2
    return errors


def p_value(panel, other, seed):
    losses = cluster_losses(squared_errors(panel, seed), squared_errors(other, seed), panel.entity.codes)
    return gain_over(losses, level=0.95, test_to_train=0.25).p_value


def draws(seed):
    """Return an exposure and three unrelated columns, and errors that entities share in part."""
    rng = np.random.default_rng(seed)
    size = N_ENTITIES * N_PERIODS
    x, *unrelated = rng.normal(size=(4, size))
    errors = np.repeat(rng.normal(size=N_ENTITIES), N_PERIODS) + rng.normal(size=size)
    return x, unrelated, errors


def null_panels(seed):
    """Two estimators' panels: each carries one column that the outcome does not depend on."""
    x, (first, second, _), errors = draws(seed)
    return tuple(panel_of(x + errors, x, noise) for noise in (first, second))


@pytest.mark.slow
def test_a_true_null_is_rejected_in_at_most_seven_and_a_half_per_cent_of_panels():
    assert np.mean([p_value(*null_panels(seed), seed) < 0.05 for seed in range(1000)]) <= 0.075


@pytest.mark.slow
def test_a_quadratic_truth_is_found_in_at_least_eighty_per_cent_of_panels():
    """Signal to noise 2: the square explains twice the variance of the errors."""
    found = []
    for seed in range(1000):
        x, _, errors = draws(seed)
        curved = np.sqrt(2.0) * (x**2 - 1.0) + errors
        found.append(p_value(panel_of(curved, x, x**2), panel_of(curved, x), seed) < 0.05)
    assert np.mean(found) >= 0.8


@pytest.mark.parametrize("n_entities", [6, 10, 30])
def test_few_entities_do_not_make_the_test_reject_too_often(n_entities):
    rejected = []
    for seed in range(1000):
        rng = np.random.default_rng(seed)
        common = rng.normal(size=n_entities)
        errors = common[None, :, None] + rng.normal(size=(2, n_entities, N_PERIODS))
        loss, reference = (errors**2).sum(axis=2)
        losses = ClusterLosses(loss, reference, np.full(n_entities, float(N_PERIODS)))
        rejected.append(gain_over(losses, level=0.95).p_value < 0.05)
    assert np.mean(rejected) <= most(0.05, 1000)


@pytest.mark.parametrize("n_entities", [10, 60])
def test_the_interval_of_a_gain_covers_what_it_says_with_few_entities(n_entities):
    covered = []
    for seed in range(600):
        rng = np.random.default_rng(seed)
        errors = rng.normal(size=n_entities)[None, :, None] + rng.normal(size=(2, n_entities, N_PERIODS))
        loss, reference = (errors**2).sum(axis=2)
        losses = ClusterLosses(loss, 1.25 * reference, np.full(n_entities, float(N_PERIODS)))
        gain = gain_over(losses, level=0.95)
        covered.append(gain.conf_low <= 0.2 <= gain.conf_high)
    assert 1.0 - np.mean(covered) <= most(0.05, 600)


@pytest.mark.slow
def test_repeated_splits_reject_a_true_null_no_more_often_than_they_say():
    rejected = []
    for seed in range(500):
        pair = null_panels(seed)
        errors, codes = [[], []], []
        for fold in RandomRows(repeats=10).split(pair[0], rng=random_stream(seed, "rows")):
            codes.append(pair[0].entity.codes[fold.test])
            for own, panel in zip(errors, pair, strict=True):
                fit = PooledOLS().fit(panel.take(fold.train), rng=random_stream(seed, "fit"))
                own.append((panel.observed[fold.test] - fit.predict(panel.take(fold.test))) ** 2)
        losses = cluster_losses(*map(np.concatenate, errors), np.concatenate(codes))
        rejected.append(gain_over(losses, level=0.95, test_to_train=1 / 9).p_value < 0.05)
    assert np.mean(rejected) <= most(0.05, 500)


@pytest.mark.slow
def test_a_network_gains_nothing_on_new_entities_where_the_truth_is_linear():
    gains = []
    for seed in range(60):
        x, unrelated, errors = draws(seed)
        panel = panel_of(x + errors, x, *unrelated)
        network = squared_errors(panel, seed, Mlp(hidden=4, restarts=1)).mean()
        gains.append(1.0 - network / squared_errors(panel, seed).mean())
    assert np.mean(gains) < 0.005
    assert np.mean(np.array(gains) > 0.02) <= most(0.05, 60)
