"""How often whole studies, at ``--quick``, say that something is there which is not."""

from functools import cache

import numpy as np
import pytest

from command import ROOT
from harness.evaluation.gain import loss_totals
from harness.evaluation.losses import ClusterLosses, cluster_losses
from harness.evaluation.protocol import HeldOutEntitiesProtocol
from harness.installed import installed
from harness.plugin import random_stream
from harness.running.options import RunOptions
from harness.running.run import write_run
from harness_panel import PooledOLS
from panels import balanced_panel
from shares import most

N_PANELS = 40
NETWORKS = ("mlp", "rab")


# Specs of simulated data, and the options of their networks.
CASES = {"null_effect": "", "monotone": ", optimiser: levenberg_marquardt, hidden: 6, restarts: 1"}


def overrides(name, seed):
    """A smaller panel of a spec, and the reference next to a network and its bootstrap."""
    base = f"use: mlp{CASES[name]}"
    networks = f"{{id: mlp, {base}}}, {{id: rab, use: rab, base: {{{base}}}}}"
    return (
        "data.simulate.n_entities=80",
        "data.simulate.n_periods=6",
        f"data.simulate.seed={seed}",
        f"seed={seed}",
        f"estimators=[{{id: ols, use: pooled_ols}}, {networks}]",
        "evaluation.further_references=[]",
        "evaluation.protocols=[random_rows, held_out_entities, forward]",
        "scenarios=[{use: curve}]",
        "expect=[]",
    )


@cache
def found(name, seed, folder):
    """Return which kinds each estimator established on one panel: pairs of estimator and kind."""
    options = RunOptions(
        spec=ROOT / "specs" / f"{name}.yaml",
        out=folder / f"{name}-{seed}",
        quick=True,
        overrides=overrides(name, seed),
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


def squared_errors(panel, seed):
    """Return the squared errors of pooled OLS, every entity held out once."""
    errors = np.empty(panel.n_obs)
    for fold in HeldOutEntitiesProtocol(folds=5).split(panel, rng=random_stream(seed, "folds")):
        fit = PooledOLS().fit(panel.take(fold.train))
        errors[fold.test] = (panel.observed[fold.test] - fit.predict(panel.take(fold.test))) ** 2
    return errors


def null_panels(seed):
    """Two estimators' panels: each has one column that the outcome does not depend on, and shared errors."""
    rng = np.random.default_rng(seed)
    x, *unrelated = rng.normal(size=(3, N_ENTITIES * N_PERIODS))
    outcome = x + np.repeat(rng.normal(size=N_ENTITIES), N_PERIODS) + rng.normal(size=x.size)
    shape = (N_ENTITIES, N_PERIODS)
    return [balanced_panel(shape, outcome=outcome, X=np.column_stack([x, noise])) for noise in unrelated]


def p_value(seed):
    first, second = null_panels(seed)
    losses = cluster_losses(squared_errors(first, seed), squared_errors(second, seed), first.entity.codes)
    return loss_totals(losses, test_to_train=0.25).p_value


@pytest.mark.slow
def test_a_true_null_is_rejected_in_at_most_seven_and_a_half_per_cent_of_panels():
    assert np.mean([p_value(seed) < 0.05 for seed in range(1000)]) <= 0.075


@pytest.mark.parametrize("n_entities", [6, 10, 30])
def test_few_entities_do_not_make_the_test_reject_too_often(n_entities):
    rejected = []
    for seed in range(1000):
        rng = np.random.default_rng(seed)
        common = rng.normal(size=n_entities)
        errors = common[None, :, None] + rng.normal(size=(2, n_entities, N_PERIODS))
        loss, reference = (errors**2).sum(axis=2)
        losses = ClusterLosses(loss, reference, np.full(n_entities, float(N_PERIODS)))
        rejected.append(loss_totals(losses).p_value < 0.05)
    assert np.mean(rejected) <= most(0.05, 1000)


@pytest.mark.parametrize("n_entities", [10, 60])
def test_the_interval_of_a_gain_covers_what_it_says_with_few_entities(n_entities):
    covered = []
    for seed in range(600):
        rng = np.random.default_rng(seed)
        errors = rng.normal(size=n_entities)[None, :, None] + rng.normal(size=(2, n_entities, N_PERIODS))
        loss, reference = (errors**2).sum(axis=2)
        losses = ClusterLosses(loss, 1.25 * reference, np.full(n_entities, float(N_PERIODS)))
        low, high = loss_totals(losses).interval(0.95)
        covered.append(low <= 0.2 <= high)
    assert 1.0 - np.mean(covered) <= most(0.05, 600)
