"""Ten files in the manner of yearbooks and databases, each read by a spec alone as its clean twin."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import harness
from harness.data.build import PanelBuilder
from harness.data.data_spec import DataSpec, Join
from harness.data.file_spec import Reshape
from harness.data.read.files import DataFolder
from harness.data.read.read_table import read_table
from harness.data.roles import Roles
from messy_files import FILES, NAMES, as_csv, clean, wide

ENGLISH = Roles("city", "year", ("co2",), "gdp", (), ("share",))
OF_VARIABLES = Roles("city", "year", (NAMES["co2"],), NAMES["gdp"], (), (NAMES["share"],))


def build(folder: Path, spec: DataSpec, roles: Roles) -> PanelBuilder:
    table = read_table(
        spec, folder=DataFolder(folder), given=None, datasets={}, entity=roles.entity, time=roles.time
    )
    return PanelBuilder.build(table, spec, roles)


def spec_of(path: str, data: Mapping[str, Any], roles: Roles) -> dict[str, Any]:
    return {
        "spec_version": 1,
        "study": "messy",
        "title": "A messy file",
        "seed": 1,
        "data": {"path": path, **data},
        "roles": {
            "entity": roles.entity,
            "time": roles.time,
            "outcomes": list(roles.outcomes),
            "exposure": roles.exposure,
            "controls": list(roles.controls),
        },
        "estimators": ["pooled_ols", {"use": "fixed_effects", "effects": ["entity", "time"]}],
        "evaluation": {"reference": "pooled_ols", "draws": 2, "protocols": ["in_sample"]},
        "report": {"formats": []},
    }


@pytest.fixture(scope="module")
def twin(tmp_path_factory):
    """Return the coefficients of the clean file."""
    folder = tmp_path_factory.mktemp("clean")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        Path("clean.csv").write_text(as_csv(clean()), encoding="utf-8")
        result = harness.run(spec_of("clean.csv", {}, ENGLISH), out="run", progress=False)
        return result.table("coefficients")


def test_there_are_ten():
    assert len(FILES) == 10


@pytest.mark.parametrize("kind", FILES)
def test_a_messy_file_gives_the_coefficients_of_its_clean_twin(kind, twin, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name, make, data = FILES[kind]
    Path(name).write_bytes(make(clean()))
    roles = OF_VARIABLES if kind == "a row a variable" else ENGLISH
    result = harness.run(spec_of(name, data, roles), out="run", progress=False)
    found = result.table("coefficients").replace({chinese: short for short, chinese in NAMES.items()})
    pd.testing.assert_frame_equal(found, twin, rtol=1e-12)
    if kind != "gbk":
        told = result.table("preparation")
        assert not told.empty
        assert set(told["inputs"]) == {name}


def test_the_sheet_of_years_of_one_variable(tmp_path):
    twin = clean()
    (tmp_path / "gdp.csv").write_text(wide(twin, "gdp").reset_index().to_csv(index=False), encoding="utf-8")
    (tmp_path / "rest.csv").write_text(as_csv(twin.drop(columns="gdp")), encoding="utf-8")
    spec = DataSpec(path="rest.csv", merge=(Join(path="gdp.csv", reshape=Reshape(into="gdp")),))
    panel = build(tmp_path, spec, ENGLISH).panel("co2")
    (tmp_path / "clean.csv").write_text(as_csv(twin), encoding="utf-8")
    expected = build(tmp_path, DataSpec(path="clean.csv"), ENGLISH).panel("co2")
    np.testing.assert_array_equal(panel.X, expected.X)
    np.testing.assert_array_equal(panel.observed, expected.observed)
