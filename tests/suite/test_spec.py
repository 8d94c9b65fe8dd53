"""The hundred studies are those of their list and keep its rule; a suite may name the rival that it means."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from harness.data.read.source import DATASET
from harness.errors import SpecError
from harness.installed import installed
from harness.running.options import RunOptions
from harness.running.prepare import prepare
from harness.study.spec.document import read_spec
from harness.suite.spec import Suite, load_suite

SUITES = Path(__file__).parents[2] / "suites"
HUNDRED = SUITES / "hundred_studies.yaml"


def rows_of(name):
    with (SUITES / "hundred_studies" / name).open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_hundred_studies_are_listed_and_keep_their_rule():
    listed, specs = rows_of("list.csv"), load_suite(HUNDRED).suite.studies
    assert [Path(one.spec).stem for one in specs] == [row["study"] for row in listed]
    assert len(listed) == 100
    first = {row["study"]: row for row in listed if not row["second_of"]}
    assert len({row["panel"] for row in first.values()}) == len(first) == 73
    assert max(Counter(row["panel"] for row in listed).values()) <= 3
    assert max(Counter(row["kind"] for row in first.values()).values()) <= 4
    for row in listed:
        n_entities, n_periods, n_rows = (int(row[f"n_{name}"]) for name in ("entities", "periods", "rows"))
        assert n_rows >= 100
        assert n_periods >= 3
        assert n_entities >= 20 or (n_entities >= 10 and n_periods >= 10)
        if row["second_of"]:
            of = first[row["second_of"]]
            assert row["panel"] == of["panel"]
            assert row["outcome"] != of["outcome"]
            assert n_entities >= 20
            assert n_periods >= 5
    others = {row["panel"] for row in rows_of("left_out.csv")}
    assert len(others) + len(first) == 152
    assert all(len(path.read_text(encoding="utf-8").splitlines()) <= 25 for path in specs_of_the_list())


def test_panels_of_six_protocols_and_of_tuning_keep_their_rules():
    long = [
        row
        for row in rows_of("list.csv")
        if not row["second_of"] and int(row["n_periods"]) >= 5 and int(row["n_entities"]) >= 20
    ]
    six, hundred = load_suite(SUITES / "six_protocols.yaml").suite, load_suite(HUNDRED).suite
    assert [Path(one.spec).stem for one in six.studies] == [row["study"] for row in long]
    assert (six.estimators, six.simple, six.rival) == (hundred.estimators, hundred.simple, hundred.rival)
    asked = [one if isinstance(one, str) else one["use"] for one in (*hundred.protocols, *six.protocols)]
    assert len(asked) == len(set(asked)) == 6
    tuned = [row["study"] for row in rows_of("list.csv") if row["tuned"] == "yes"]
    assert tuned == [row["study"] for row in long if int(row["n_rows"]) <= 2000][:25]


def specs_of_the_list():
    return sorted((SUITES / "hundred_studies").glob("*.yaml"))


def test_a_rival_is_one_of_the_suite(tmp_path):
    text = HUNDRED.read_text(encoding="utf-8")
    file = tmp_path / "suite.yaml"
    file.write_text(text.replace("rival: best_simple", "rival: best"), encoding="utf-8")
    with pytest.raises(SpecError, match="the suite has no estimator 'best'"):
        load_suite(file)


def test_gains_over_the_best_simple_rival_are_over_the_one_that_is_named():
    named = Suite.model_validate(
        {
            "suite_version": 1,
            "suite": "s",
            "edition": "1",
            "title": "t",
            "estimators": ("ols", "mean", "net"),
            "protocols": ("forward",),
            "pooled": "ols",
            "two_way": "ols",
            "simple": ("ols", "mean"),
            "studies": ({"spec": "a.yaml"},),
        }
    )
    over = {rival: set(named.model_copy(update={"rival": rival}).comparisons()) for rival in ("", "mean")}
    assert ("net", "simple", ("ols", "mean")) in over[""]
    assert ("net", "simple", ("mean",)) in over["mean"]
    assert ("ols", "simple", ("mean",)) in over["mean"]


@pytest.mark.slow
@pytest.mark.parametrize("row", rows_of("list.csv"), ids=lambda row: row["study"])
def test_each_of_the_hundred_studies_loads_as_it_is_listed(row):
    (spec,) = SUITES.glob(f"*/{row['study']}.yaml")
    registry = installed()
    dataset = registry.of(DATASET)[read_spec(spec).data["data"]["dataset"]]
    if not dataset.is_installed:
        pytest.skip(f"{dataset.package} is not installed")
    prepared = prepare(RunOptions(spec=spec), registry)
    roles = prepared.loaded.study.roles
    panel = prepared.panels.panel(roles.outcomes[0])
    keys = (roles.entity, roles.time, panel.outcome, panel.exposure)
    assert keys == tuple(row[name] for name in ("entity", "time", "outcome", "exposure"))
    sizes = (panel.n_entities, panel.n_periods, panel.observed.size)
    assert sizes == tuple(int(row[f"n_{name}"]) for name in ("entities", "periods", "rows"))
