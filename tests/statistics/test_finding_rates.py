"""How often whole studies, at ``--quick``, say that something is there which is not."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import pytest

from command import ROOT
from harness.installed import installed
from harness.running.options import RunOptions
from harness.running.run import write_run

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
