"""What a spec may leave out or write short, and what an editor knows of it."""

import copy
import json
import math
import re
from fnmatch import fnmatch
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator, Draft202012Validator
from ruamel.yaml import YAML

from harness.errors import SpecError
from harness.installed import installed, registry_of
from harness.registry.catalog import meant_instead
from harness.registry.choice import PluginChoice
from harness.study.expectations.claim import ErrorClaim
from harness.study.expectations.curve_claim import DirectionClaim, LevelClaim
from harness.study.spec import load
from harness.study.spec.json_schema import spec_schema
from harness.study.spec.load import load_study
from harness.study.spec.printed import Interval
from plugin_files import DISTANCES, NEAREST

ROOT = Path(__file__).parents[3]
SPECS = [*sorted((ROOT / "specs").rglob("*.yaml")), *sorted((ROOT / "tests/replications").glob("*.yaml"))]
MODELINE = re.compile(r"# yaml-language-server: \$schema=(\S+)\n")


@pytest.fixture(scope="module")
def known():
    return installed().catalogs


@pytest.fixture(scope="module")
def schema(known):
    return spec_schema(known)


def test_every_spec_names_the_schema_and_is_valid_by_it(known, schema):
    validators = (Draft202012Validator(schema), Draft7Validator(schema))
    for path in SPECS:
        modeline = MODELINE.match(path.read_text(encoding="utf-8"))
        assert modeline, path
        assert (path.parent / modeline[1]).resolve() == ROOT / "specs" / "spec.schema.json", path
        data = load_study(path, catalogs=known).document.data
        for validator in validators:
            assert list(validator.iter_errors(data)) == [], path


def test_the_schema_is_one_and_the_catalog_of_the_schema_store_leads_to_it(schema):
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    catalog = json.loads((ROOT / "specs/schema_catalog.json").read_text(encoding="utf-8"))
    (entry,) = catalog["schemas"]
    assert entry["url"] == schema["$id"]
    assert any(fnmatch("cities.harness.yaml", pattern) for pattern in entry["fileMatch"])
    assert not any(fnmatch("docker-compose.yaml", pattern) for pattern in entry["fileMatch"])


def options(node, place=""):
    """Yield every property of a schema: its place and what is said of it."""
    if isinstance(node, list):
        for at, child in enumerate(node):
            yield from options(child, f"{place}/{at}")
    if isinstance(node, dict):
        for name, child in node.items():
            if name == "properties":
                yield from ((f"{place}/{key}", value) for key, value in child.items())
            yield from options(child, f"{place}/{name}")


def test_every_key_of_every_choice_is_described(schema):
    found = dict(options(schema))
    assert [place for place, option in found.items() if not option.get("description")] == []
    for choice in ("EstimatorEntry", "ProtocolEntry", "ScenarioEntry", "simulation"):
        assert any(place.startswith(f"/$defs/{choice}/anyOf/1/") for place in found)
    assert any(place.startswith("/$defs/step/properties/interpolate/") for place in found)


def test_options_of_a_plugin_are_those_of_its_dataclass_with_its_docstring(tmp_path):
    (tmp_path / "knn_for_editors.py").write_text(NEAREST, encoding="utf-8")
    (tmp_path / "_distances.py").write_text(DISTANCES, encoding="utf-8")
    registry = registry_of((), choice=PluginChoice(folder=tmp_path))
    assert registry.broken == ()
    names, _, nearest = spec_schema(registry.catalogs)["$defs"]["EstimatorEntry"]["anyOf"]
    assert names["enum"] == ["best_simple", "nearest"]
    assert nearest["description"] == "Mean outcome of the nearest rows."
    assert nearest["additionalProperties"] is False
    expected = {"default": 3, "description": "rows that count", "type": "integer"}
    assert nearest["properties"]["neighbours"] == expected


def paths(node, path=()):
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in children:
        yield (*path, key)
        yield from paths(child, (*path, key))


def parent(data, path):
    for key in path[:-1]:
        data = data[key]
    return data


def spoilt(data, path):
    """Yield the document with the value at a path of another kind, and with its key misspelt."""
    other = copy.deepcopy(data)
    parent(other, path)[path[-1]] = {"zzz": 1}
    yield other
    if isinstance(path[-1], str):
        other = copy.deepcopy(data)
        mapping = parent(other, path)
        mapping[f"zzz_{path[-1]}"] = mapping.pop(path[-1])
        yield other


def top_keys():
    text = (ROOT / "specs/grunfeld.yaml").read_text(encoding="utf-8")
    return re.findall(r"^(\w+):", text, flags=re.MULTILINE)


@pytest.mark.parametrize("key", top_keys())
def test_the_schema_and_the_loader_agree_on_what_is_wrong(key, known, schema, tmp_path, monkeypatch):
    """Where a value is of a wrong kind or a key misspelt; names of the study's own are beyond a schema."""
    monkeypatch.setattr(load, "spec_schema", lambda _: schema)
    data = json.loads(json.dumps(load_study(ROOT / "specs/grunfeld.yaml", catalogs=known).document.data))
    valid = Draft202012Validator(schema).is_valid
    spec = tmp_path / "spec.yaml"
    n_wrong = 0
    for path in paths(data):
        if path[0] != key or "where" in path:
            continue
        for wrong in spoilt(data, path):
            spec.write_text(json.dumps(wrong), encoding="utf-8")
            try:
                load_study(spec, catalogs=known)
            except SpecError:
                assert not valid(wrong), f"only the loader refuses {path}: {parent(wrong, path)}"
                n_wrong += 1
            else:
                assert valid(wrong), f"only the schema refuses {path}: {parent(wrong, path)}"
    assert n_wrong


@pytest.fixture
def json_schema(catalogs):
    return spec_schema(catalogs)


def test_every_reference_leads_somewhere(json_schema):
    def references(value):
        if isinstance(value, dict):
            yield from ([value["$ref"]] if "$ref" in value else [])
            for part in value.values():
                yield from references(part)
        if isinstance(value, list):
            for part in value:
                yield from references(part)

    found = set(references(json_schema))
    assert "#/$defs/estimator" in found
    assert {reference.removeprefix("#/$defs/") for reference in found} <= set(json_schema["$defs"])


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


def test_mediators_without_a_role_are_given_one(load_short):
    study = load_short(f"{SHORT}scenarios: [{{use: mediation, mediators: [capital, value_before]}}]\n").study
    assert study.roles.mediators == ("value_before",)
    assert study.roles.variables[-1] == "value_before"


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
    ("old", "new", "hint"), [("dataset:", "file:", "write `path:`"), ("outcomes:", "y:", "write `outcomes:`")]
)
def test_what_others_call_a_key_is_answered_with_its_name(load_short, old, new, hint):
    with pytest.raises(SpecError) as caught:
        load_short(SHORT.replace(old, new, 1))
    assert hint in [problem.hint for problem in caught.value.problems]


SPEC = Path(__file__).parents[3] / "specs" / "grunfeld.yaml"


def ladder(*overrides):
    return load_study(SPEC, catalogs=installed().catalogs, overrides=("estimators=ladder", *overrides))


def test_the_word_stands_for_every_entry_of_a_ladder():
    study = ladder().study
    assert [entry.id for entry in study.estimators] == [
        *("mean", "entity_mean", "last_value", "ols", "fe", "twfe", "curved", "threshold", "mundlak", "enet"),
        *("boosting", "forest", "mlp", "mlp_effects", "ann", "rab"),
    ]
    assert study.estimators[5].estimator.effects == ("entity", "time")
    assert study.estimators[-1].label == "RAB (bootstrapped SOM + ANN)"


def test_the_rungs_are_those_of_the_plugins_that_are_there():
    catalogs = installed(PluginChoice(off=("harness_rab", "harness_neural"))).catalogs
    study = load_study(SPEC, catalogs=catalogs, overrides=("estimators=ladder",)).study
    assert study.estimators[-1].id == "forest"


def test_the_schema_knows_the_word():
    document = ladder().document
    jsonschema.validate(dict(document.data), spec_schema(installed().catalogs))


CATALOGS = installed().catalogs
ADVICE = {
    text: names.split()
    for catalog in CATALOGS.values()
    for member in catalog.members.values()
    for names, text in getattr(member, "instead_of", {}).items()
}
KNOWN = {name for catalog in CATALOGS.values() for name in catalog.members}
OPTIONS = {"weighting", "inverse_probability", "methods", "synthetic"}
OPTIONS |= {"use", "method", "gmm", "scenarios", "forms", "contrast", "covariance", "driscoll_kraay", "scale"}
PLACES = {"column", "factor", "data"}


@pytest.mark.parametrize("text", ADVICE, ids=lambda text: ADVICE[text][0])
def test_advice_names_what_is_there_and_is_reached(text):
    written = {word for code in re.findall("`([^`]*)`", text) for word in re.findall("[a-z_]+", code.lower())}
    assert set() < written <= KNOWN | OPTIONS | PLACES
    assert {meant_instead(CATALOGS, "estimator", name) for name in ADVICE[text]} == {text}


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("arellano_bond", "did you mean 'gmm'?"),
        ("mean_group", "take `first_difference`"),
        ("event_study", "'did' is a scenario: list it there"),
        ("pooled_olz", "did you mean 'pooled_ols'?"),
        ("something", ""),
    ],
)
def test_a_method_of_the_field_is_told_where_to_go(name, hint):
    assert meant_instead(CATALOGS, "estimator", name).startswith(hint)
    assert bool(meant_instead(CATALOGS, "estimator", name)) == bool(hint)


PLACE = {"outcome": "y", "estimator": "ols"}


def error(value, digits=None):
    return ErrorClaim(**PLACE, quantity="mse", value=value, digits=digits)


@pytest.mark.parametrize(
    ("value", "digits", "low", "high"),
    [
        (0.001, 4, 0.00095, 0.00105),
        (0.001, None, 0.0005, 0.0015),
        (920.0, None, 919.5, 920.5),
        (920.0, -1, 915.0, 925.0),
        (1e-5, None, 0.5e-5, 1.5e-5),
    ],
    ids=["zeros at the end", "shortest text", "whole number", "about 920", "small"],
)
def test_rounding_is_half_a_unit_of_the_last_digit(value, digits, low, high):
    interval = error(value, digits).meant
    assert (interval.low, interval.high) == pytest.approx((low, high), rel=1e-12)


def test_a_bound_is_open_on_one_side_and_a_direction_is_the_whole_way():
    least = LevelClaim(**PLACE, quantity="level", at=0.2, value=885.0, bound="least")
    assert least.meant == Interval(884.5, math.inf)
    most = LevelClaim(**PLACE, quantity="level", at=0.2, value=885.0, bound="most")
    assert most.meant == Interval(-math.inf, 885.5)
    falls = DirectionClaim(**PLACE, quantity="direction", kind="falling", between=(0.0, 1.0))
    assert falls.meant == Interval(1.0, 1.0)


@given(value=st.floats(-1e6, 1e6), digits=st.integers(-2, 8))
def test_a_number_lies_within_what_its_rounding_stands_for(value, digits):
    rounded = round(value, digits)
    assert error(rounded, digits).meant.holds(value)


def test_intervals_that_touch_meet_and_others_do_not():
    assert Interval(0.0, 1.0).meets(Interval(1.0, 2.0))
    assert Interval(0.0, 0.1 + 0.2).meets(Interval(0.3, 1.0))
    assert Interval(0.1 * 3, 1.0).meets(Interval(0.0, 0.3))
    assert not Interval(0.0, 1.0).meets(Interval(1.000001, 2.0))
    assert Interval(1.0, math.inf).meets(Interval(-math.inf, 1.0))


def test_a_standard_paper_asks_for_what_the_spec_does_not_ask_itself(load_short):
    schema = "schema: {region: {type: text, allowed: [east, west]}, note: {type: text}}"
    written = SHORT.replace("dataset: grunfeld", f"dataset: grunfeld, {schema}") + "paper: standard\n"
    study = load_short(written).study
    asked = [entry.id for entry in study.scenarios]
    assert asked == ["specifications", "curve", "effect", "by_region", "robustness"]
    roles = "instruments: [z], mediators: [m], moderators: [w]"
    longer = load_short(written.replace("controls: capital", f"controls: capital, {roles}")).study
    further = [entry.id for entry in longer.scenarios]
    assert further == [*asked[:3], "mediation", "by_region", "given_w", "robustness"]
    assert longer.scenarios[2].scenario.methods[-1] == "instrumented"
    assert (study.scenarios[2].primary, study.scenarios[3].scenario.by) == (True, "region")
    assert study.report.formats == ("html", "latex", "docx")
    assert study.report.stars == (0.1, 0.05, 0.01)


def test_a_standard_paper_keeps_what_is_written(load_short):
    own = "scenarios: [{use: curve, draws: 50}, {use: effect, folds: 3}]\npaper: standard\n"
    study = load_short(SHORT + own + "report: {formats: [latex], stars: []}\n").study
    assert [entry.id for entry in study.scenarios] == ["curve", "effect", "specifications"]
    assert (study.scenarios[0].scenario.draws, study.scenarios[1].scenario.folds) == (50, 3)
    assert (study.report.formats, study.report.stars) == (("latex",), ())


@pytest.mark.parametrize(
    ("scenarios", "told"),
    [
        ("[{id: x}]", r"scenarios\[0\]"),
        ("[3]", r"scenarios\[0\]"),
        ("3", "scenarios: "),
        ("{use: curve}", "scenarios: "),
    ],
)
def test_a_standard_paper_leaves_what_is_no_scenario_for_its_own_message(load_short, scenarios, told):
    with pytest.raises(SpecError, match=told):
        load_short(SHORT + f"paper: standard\nscenarios: {scenarios}\n")


def test_a_standard_paper_takes_the_one_scenario_that_stands_for_a_list(load_short):
    study = load_short(SHORT + "paper: standard\nscenarios: curve\n").study
    assert [entry.id for entry in study.scenarios] == ["curve", "specifications", "effect", "robustness"]
