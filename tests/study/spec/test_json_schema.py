"""The JSON Schema accepts what the loader accepts, and describes every option for editors."""

from __future__ import annotations

import pytest

from harness.data.prepare.step import STEP
from harness.installed import installed
from harness.study.spec.json_schema import spec_schema


@pytest.fixture
def schema(catalogs):
    return spec_schema(catalogs)


def test_descriptions_come_from_docstrings(schema):
    bag = next(entry for entry in schema["$defs"]["EstimatorEntry"]["anyOf"] if entry.get("title") == "Bag")
    assert bag["description"] == "An ensemble."
    assert bag["properties"]["draws"]["description"] == "how often"
    assert bag["properties"]["use"] == {"const": "bag", "description": "An ensemble."}
    ols = next(entry for entry in schema["$defs"]["EstimatorEntry"]["anyOf"] if entry.get("title") == "Ols")
    assert ols["properties"]["covariance"]["description"] == "how standard errors are computed"


def test_every_choice_is_there(schema, catalogs):
    for kind, entry in (
        ("estimator", "EstimatorEntry"),
        ("protocol", "ProtocolEntry"),
        ("scenario", "ScenarioEntry"),
    ):
        names, *mappings = schema["$defs"][entry]["anyOf"]
        assert names["enum"] == sorted(catalogs[kind].members)
        assert [mapping["properties"]["use"]["const"] for mapping in mappings] == names["enum"]
    steps = schema["$defs"]["step"]["properties"]
    assert sorted(steps) == sorted(installed().of(STEP))


def test_every_reference_leads_somewhere(schema):
    def references(value):
        if isinstance(value, dict):
            yield from ([value["$ref"]] if "$ref" in value else [])
            for part in value.values():
                yield from references(part)
        if isinstance(value, list):
            for part in value:
                yield from references(part)

    found = set(references(schema))
    assert "#/$defs/estimator" in found
    assert {reference.removeprefix("#/$defs/") for reference in found} <= set(schema["$defs"])
