"""With everything that is installed: the specs of this repository, and the schema for editors."""

from __future__ import annotations

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from harness.errors import SpecError
from harness.installed import installed
from harness.study.spec.json_schema import spec_schema
from harness.study.spec.load import load_study

SPECS = sorted((Path(__file__).parents[3] / "specs").glob("*.yaml"))


@pytest.fixture(scope="module")
def schema():
    return spec_schema(installed().catalogs)


def test_the_schema_is_one_and_every_option_in_it_has_a_description(schema):
    Draft202012Validator.check_schema(schema)
    bare = [
        f"{entry}.{option.get('title')}.{key}"
        for entry in ("EstimatorEntry", "ProtocolEntry", "ScenarioEntry")
        for option in schema["$defs"][entry]["anyOf"][1:]
        for key, value in option["properties"].items()
        if not value.get("description")
    ]
    assert bare == []


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_a_spec_of_this_repository_loads_and_is_valid_for_editors(path, schema):
    loaded = load_study(path, catalogs=installed().catalogs)
    assert loaded.study.evaluation.reference in {estimator.id for estimator in loaded.study.estimators}
    faults = list(Draft202012Validator(schema).iter_errors(loaded.document.data))
    assert faults == []


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_a_misspelt_key_of_such_a_spec_is_found_by_both(path, schema, tmp_path):
    text = path.read_text(encoding="utf-8").replace("outcomes:", "ouctomes:", 1)
    wrong = tmp_path / path.name
    wrong.write_text(text, encoding="utf-8")
    with pytest.raises(SpecError, match="did you mean 'outcomes'"):
        load_study(wrong, catalogs=installed().catalogs)
    data = load_study(path, catalogs=installed().catalogs).document.data
    roles = {("ouctomes" if key == "outcomes" else key): value for key, value in data["roles"].items()}
    assert list(Draft202012Validator(schema).iter_errors({**data, "roles": roles}))
