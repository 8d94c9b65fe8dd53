"""A right spec becomes a study; a wrong one gives one error with every mistake, its place and its remedy."""

import json
import pickle

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from command import ROOT
from harness.errors import SpecError
from harness.installed import installed
from harness.running.options import RunOptions
from harness.running.prepare import prepare
from harness.study.spec.load import load_study
from harness.study.spec.study import ReportSpec


def problems(load, text, *overrides):
    with pytest.raises(SpecError) as caught:
        load(text, *overrides)
    return caught.value.problems


def only(load, text, *overrides):
    (problem,) = problems(load, text, *overrides)
    return problem


# What is right


def test_a_right_spec_becomes_a_study(load, good):
    loaded = load(good)
    study = loaded.study
    assert (study.spec_version, study.study, study.seed) == (1, "digital-carbon", 20251)
    assert study.description == ""
    assert study.data.dataset == "cities"
    assert study.data.prepare[0].into == "co2_intensity"
    assert study.roles.outcomes == ("co2", "co2_intensity")
    assert study.variables["co2"].unit == "10^4 t"
    assert (study.evaluation.reference, study.evaluation.level) == ("ols", 0.95)
    assert study.evaluation.least_gain == 0.1
    assert study.report == ReportSpec(formats=("html",), language="en")
    assert loaded.document.text == good


def test_entries_are_built_from_their_options(load, good):
    study = load(good).study
    _, net, bag = study.estimators
    assert [(estimator.id, estimator.use, estimator.label) for estimator in study.estimators] == [
        ("ols", "ols", ""),
        ("small_net", "net", "A small network"),
        ("bag", "bag", ""),
    ]
    assert (net.estimator.hidden, net.estimator.activation) == (3, "tanh")
    assert (bag.estimator.draws, bag.estimator.base.activation) == (50, "sigmoid")
    rows, groups = study.evaluation.protocols
    assert (rows.id, rows.protocol.share) == ("rows", 0.1)
    assert (groups.id, groups.use, groups.protocol.folds) == ("groups", "groups", 4)
    (curve,) = study.scenarios
    assert (curve.id, curve.use, curve.scenario.grid) == ("curve", "curve", 30)


def test_a_study_survives_pickling_for_workers(load, good):
    study = load(good).study
    assert pickle.loads(pickle.dumps(study)) == study  # noqa: S301 - our own bytes, as loky sends them


@pytest.mark.parametrize(
    "title", ["<script>alert(1)</script>", "=cmd", "a\nb", "../x", "x" * 300, "CON", "${HOME}", "{{7*7}}"]
)
def test_s19_and_s32_hostile_titles_are_kept_as_text(load, good, title):
    written = good.replace("Digital economy and city carbon emissions", json.dumps(title))
    assert load(written).study.title == title


@given(random=st.randoms())
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_order_of_keys_does_not_matter(load, good, random):
    def shuffled(value):
        if isinstance(value, dict):
            items = list(value.items())
            random.shuffle(items)
            return {key: shuffled(entry) for key, entry in items}
        return [shuffled(entry) for entry in value] if isinstance(value, list) else value

    first = load(good)
    other = load(json.dumps(shuffled(first.document.data)))
    assert other.study == first.study
    assert other.document.data == first.document.data


def test_mistakes_are_named_with_place_value_and_remedy(untold, good):
    assert untold("spec", good) == {}


def test_all_mistakes_are_reported_at_once_in_the_order_of_the_file(load, good):
    text = (
        good.replace("study: digital-carbon", "study: Digital Carbon")
        .replace("seed: 20251", "seed: 20251\nseed: 5")
        .replace("dataset: cities", "dataset: !city cities")
        .replace("controls: [density", "controls: [co2")
        .replace("use: net, hidden: 3", "use: nett, hidden: 3")
        .replace("draws: 50", "draw: 50")
        .replace("reference: ols", "reference: olss")
        .replace("folds: 4", "folds: 1")
        .replace("use: curve, grid: 30", "grid: 30")
        .replace("formats: [html]", "format: [html]")
    )
    assert [problem.where for problem in problems(load, text)] == [
        "x.yaml:2:1: study",
        "x.yaml:5:1",
        "x.yaml:7:12",
        "x.yaml:17:3: roles.controls",
        "x.yaml:22:21: estimators[1].use",
        "x.yaml:23:55: estimators[2].draw",
        "x.yaml:25:3: evaluation.reference",
        "x.yaml:26:35: evaluation.protocols[1].folds",
        "x.yaml:28:5: scenarios[0]",
        "x.yaml:29:10: report.format",
    ]


def test_an_empty_spec_names_every_key_it_needs(load):
    found = problems(load, "description: nothing\n")
    missing = [problem.what for problem in found]
    # The protocols that stand in for missing ones are not among this test's.
    keys = ["spec_version", "study", "data", "roles", "estimators", "protocols"]
    assert missing == [f"the key '{key}' is missing" for key in keys]
    assert {problem.where for problem in found} == {"x.yaml:1:1", "x.yaml:1:1: evaluation"}


def test_s31_a_newer_version_is_the_only_mistake_told(load):
    problem = only(load, "spec_version: 2\nwhatever: 1\n")
    assert problem.where == "x.yaml:1:1: spec_version"
    assert problem.what == "version 2 of the spec format is newer than this harness reads"
    assert "pip install --upgrade panel-harness" in problem.hint


@pytest.mark.parametrize("version", ["true", "1.0", "'1'"])
def test_a_version_that_is_no_number_is_reported_with_the_rest(load, good, version):
    problem = only(load, good.replace("spec_version: 1", f"spec_version: {version}"))
    assert problem.where == "x.yaml:1:1: spec_version"
    assert problem.expected == "1"


def test_one_name_stands_for_a_list_of_one(load, good):
    study = load(good, "estimators=ols", "evaluation.protocols=rows", "scenarios=curve").study
    assert [entry.id for entry in study.estimators] == ["ols"]
    assert [entry.id for entry in study.evaluation.protocols] == ["rows"]
    assert [entry.id for entry in study.scenarios] == ["curve"]


def test_a_plugin_whose_options_cannot_be_read_breaks_no_message(load, good, catalogs, monkeypatch):
    class Unreadable:
        """Its annotation names nothing."""

        __annotations__ = {"x": "NoSuchType"}

    import dataclasses

    unreadable = dataclasses.dataclass(Unreadable)
    monkeypatch.setitem(catalogs["estimator"].members, "bad", unreadable)
    assert only(load, good.replace("hidden: 3", "hiden: 3")).what == "unknown key 'hiden'"


@pytest.mark.parametrize(
    ("override", "read", "value"),
    [
        ("seed=7", lambda study: study.seed, 7),
        ("title='a = b'", lambda study: study.title, "a = b"),
        ("estimators[2].draws=5", lambda study: study.estimators[2].estimator.draws, 5),
        ("estimators.bag.draws=5", lambda study: study.estimators[2].estimator.draws, 5),
        ("estimators[bag].draws=5", lambda study: study.estimators[2].estimator.draws, 5),
        ("estimators.bag.base.hidden=9", lambda study: study.estimators[2].estimator.base.hidden, 9),
        (
            "evaluation.protocols.groups.folds=2",
            lambda study: study.evaluation.protocols[1].protocol.folds,
            2,
        ),
        (
            "evaluation.protocols=[{use: rows, share: 0.5}]",
            lambda s: s.evaluation.protocols[0].protocol.share,
            0.5,
        ),
        ("scenarios.curve.grid=3", lambda study: study.scenarios[0].scenario.grid, 3),
        (
            "variables[gdp per head].label=Income",
            lambda study: study.variables["gdp per head"].label,
            "Income",
        ),
        ("roles.controls=[roads]", lambda study: study.roles.controls, ("roads",)),
    ],
)
def test_a_value_is_put_over_the_one_of_the_file(load, good, override, read, value):
    study = load(good, override).study
    assert read(study) == value
    assert study != load(good).study


def test_later_overrides_win_and_the_rest_stays(load, good):
    plain, changed = load(good), load(good, "seed=7", "seed=8")
    assert changed.study == plain.study.model_copy(update={"seed": 8})
    assert changed.document.text == plain.document.text
    assert changed.document.sha256 == plain.document.sha256
    assert changed.document.data == {**plain.document.data, "seed": 8}


def test_a_list_that_the_file_does_not_have_is_made(load, good):
    shorter = good.replace("report: {formats: [html]}\n", "")
    assert load(shorter, "report.formats=[latex]").study.report.formats == ("latex",)


def test_a_wrong_override_is_named_as_it_was_given(load, good, told_of):
    found = {}
    for override in told_of("overrides"):
        with pytest.raises(SpecError) as caught:
            load(good, override)
        found[override] = str(caught.value)
    assert found == told_of("overrides")


def test_all_wrong_overrides_are_reported(load, good):
    with pytest.raises(SpecError) as caught:
        load(good, "x", "seed=5", "y", "estimators.z=5")
    assert [problem.where for problem in caught.value.problems] == [
        "--set x",
        "--set y",
        "--set estimators.z=5: estimators",
    ]


SPECS = sorted((ROOT / "specs").glob("*.yaml"))
WITH_DATA = [path for path in SPECS if not path.name.startswith("country_")]


def test_every_column_has_a_rule_with_a_type():
    for path in SPECS:
        study = load_study(path, catalogs=installed().catalogs).study
        keys = (study.roles.entity, study.roles.time)
        inputs = [name for step in study.data.steps for name in (*step.inputs, step.into)]
        groups = [name for entry in study.scenarios for name in entry.scenario.columns]
        used = {*keys, *study.roles.variables, *inputs, *groups}
        assert used - {name for name, rule in study.data.schema.items() if rule.type} == set(), path


@pytest.mark.parametrize("path", WITH_DATA, ids=lambda path: path.stem)
def test_the_data_keep_the_rules(path):
    prepared = prepare(RunOptions(spec=path), installed())
    assert prepared.panels.n_obs > 0
    assert prepared.plan.study.data.checks
