"""What a spec may leave out, and what it may write short."""

from __future__ import annotations

import jsonschema
import pytest
from ruamel.yaml import YAML

from harness import SpecError
from harness.installed import installed
from harness.study.spec.json_schema import spec_schema
from harness.study.spec.load import load_study

SHORT = """\
spec_version: 1
study: firm-investment
data: {dataset: grunfeld}
roles: {entity: firm, time: year, outcomes: invest, exposure: value, controls: capital}
estimators: [pooled_ols, {id: fe, use: fixed_effects}]
"""


@pytest.fixture
def load_short(tmp_path):
    def load(text=SHORT):
        path = tmp_path / "short.yaml"
        path.write_text(text)
        return load_study(path, catalogs=installed().catalogs)

    return load


def test_a_short_spec_has_a_title_a_seed_a_reference_and_honest_protocols(load_short):
    study = load_short().study
    assert (study.title, study.seed) == ("Firm investment", 1)
    assert study.evaluation.reference == "pooled_ols"
    assert [entry.id for entry in study.evaluation.protocols] == ["in_sample", "held_out_entities", "forward"]
    assert (study.roles.outcomes, study.roles.controls) == (("invest",), ("capital",))


def test_what_is_written_stays(load_short):
    written = SHORT + "title: ''\nseed: 0\nevaluation: {reference: fe, protocols: [random_rows]}\n"
    study = load_short(written).study
    assert (study.title, study.seed, study.evaluation.reference) == ("", 0, "fe")
    assert [entry.id for entry in study.evaluation.protocols] == ["random_rows"]


def test_the_reference_of_a_ladder_is_its_first_rung_with_regressors(load_short):
    written = SHORT.replace("[pooled_ols, {id: fe, use: fixed_effects}]", "ladder")
    assert load_short(written).study.evaluation.reference == "ols"


def test_a_default_and_the_same_value_written_out_are_one_study(load_short):
    evaluation = "evaluation: {protocols: [in_sample, held_out_entities, forward], reference: pooled_ols}\n"
    whole = SHORT.replace("outcomes: invest", "outcomes: [invest]") + "seed: 1\ntitle: Firm investment\n"
    whole = whole.replace("controls: capital", "controls: [capital]") + evaluation
    assert load_short(whole).study == load_short().study


def test_a_primary_effect_has_checks_where_none_are_named(load_short):
    effect = "{use: effect, primary: true, exposure: capital, learners: [fe]}"
    grouped = "{use: heterogeneity, by: firm}"
    *_, entry = load_short(f"{SHORT}scenarios: [{effect}, {grouped}]\n").study.scenarios
    checks = entry.scenario
    assert (entry.id, checks.checks, checks.permutations) == ("robustness", ("lead", "groups"), 20)
    assert (checks.exposure, checks.learners, checks.by) == ("capital", ("fe",), "firm")
    quick = checks.quick()
    assert (quick.checks, quick.permutations) == (("lead",), 0)
    for scenarios in ("{use: effect}", f"{effect}, {{use: robustness, checks: [lag]}}"):
        *_, entry = load_short(f"{SHORT}scenarios: [{scenarios}]\n").study.scenarios
        assert getattr(entry.scenario, "checks", ("lag",)) == ("lag",)


def test_the_schema_for_editors_takes_the_short_spec():
    jsonschema.validate(YAML(typ="safe").load(SHORT), spec_schema(installed().catalogs))


@pytest.mark.parametrize(
    "part", ["evaluation: 5", "evaluation: {reference: {}}", "evaluation: {protocols: 3}"]
)
def test_a_value_of_the_wrong_kind_is_told_as_before(load_short, part):
    with pytest.raises(SpecError, match="evaluation"):
        load_short(SHORT + part + "\n")


@pytest.mark.parametrize(
    ("short", "meant"), [("fe", "fixed_effects"), ("ann", "som_ann"), ("NN", "mlp"), ("lasso", "elastic_net")]
)
def test_what_others_call_an_estimator_is_understood_well_enough_to_say_its_name(load_short, short, meant):
    with pytest.raises(SpecError, match=f"did you mean '{meant}'") as caught:
        load_short(SHORT.replace("pooled_ols", short))
    assert f"'{short}'" in caught.value.what


@pytest.mark.parametrize(
    ("old", "new", "hint"),
    [
        ("dataset:", "file:", "write `path:`"),
        ("outcomes:", "y:", "write `outcomes:`"),
    ],
)
def test_what_others_call_a_key_is_answered_with_its_name(load_short, old, new, hint):
    with pytest.raises(SpecError) as caught:
        load_short(SHORT.replace(old, new, 1))
    assert hint in [problem.hint for problem in caught.value.problems]
