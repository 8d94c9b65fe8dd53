"""What an editor knows of a spec: its schema, with the options of all plugins, says what the loader says."""

import copy
import json
import re
from fnmatch import fnmatch
from pathlib import Path

import pytest
from jsonschema import Draft7Validator, Draft202012Validator

from harness.errors import SpecError
from harness.installed import installed, registry_of
from harness.registry.plugin import PluginChoice
from harness.study.spec import load
from harness.study.spec.json_schema import spec_schema
from harness.study.spec.load import load_study
from plugin_files import DISTANCES, NEAREST

ROOT = Path(__file__).parents[3]
SPECS = [*sorted((ROOT / "specs").glob("*.yaml")), *sorted((ROOT / "tests/replications").glob("*.yaml"))]
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
    names, nearest = spec_schema(registry.catalogs)["$defs"]["EstimatorEntry"]["anyOf"]
    assert names["enum"] == ["nearest"]
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
