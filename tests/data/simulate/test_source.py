"""A spec that asks for a simulated panel, and the table it gets."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from harness.data.data_spec import DataSpec
from harness.data.simulate.small_panels import SCurve
from harness.installed import installed
from harness.registry.kind import OPTIONS, options_model
from spec_tables import table_of

CATALOGS = installed().catalogs


def read_spec(options):
    text = json.dumps({OPTIONS: options})
    return options_model(DataSpec).model_validate_json(text, context=CATALOGS).options


@pytest.mark.parametrize(
    ("written", "options"),
    [
        ("s_curve", {}),
        ({"use": "s_curve"}, {}),
        ({"use": "s_curve", "seed": 7, "noise": 0}, {"seed": 7, "noise": 0}),
    ],
    ids=["name alone", "mapping", "options"],
)
def test_a_data_spec_names_a_simulation(written, options):
    assert read_spec({"simulate": written}).simulate == SCurve(**options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"simulate": {"use": "s_kurve"}}, "unknown simulation 's_kurve'"),
        ({"simulate": {"use": "s_curve", "noise": -1}}, "greater than or equal to 0"),
        ({"simulate": {"seed": 1}}, "the key 'use' is missing"),
        ({"simulate": "s_curve", "dataset": "grunfeld"}, "either path or dataset or simulate"),
    ],
    ids=["name", "range", "no name", "dataset too"],
)
def test_a_mistake_is_named(options, message):
    with pytest.raises(ValidationError, match=message):
        read_spec(options)


def test_the_table_says_that_nobody_observed_it(tmp_path):
    simulation = SCurve(n_entities=4, n_periods=3, seed=9)
    table = table_of(DataSpec(simulate=simulation), entity="city")
    assert table.simulated
    assert table.title == "SIMULATED: Panel with an S-shaped response"
    assert table.source.startswith("SIMULATED by SCurve(n_entities=4, n_periods=3, noise=0.05, seed=9)")
    assert table.origin == "s_curve"
    assert table.frame.reset_index(drop=True).equals(simulation.draw())
    assert table.sha256 == table_of(DataSpec(simulate=simulation), entity="city").sha256
    assert (
        table.sha256 != table_of(DataSpec(simulate=SCurve(n_entities=4, n_periods=3)), entity="city").sha256
    )
