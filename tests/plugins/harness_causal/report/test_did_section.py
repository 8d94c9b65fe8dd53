"""The section of treatments in stages: read from a run, in words and a figure."""

from __future__ import annotations

import pytest

import harness
from harness.findings.run import read_run
from harness.plugin import random_stream
from harness.running.folder import RunFolder
from harness_causal.section import SECTION
from report.shown_blocks import blocks_of, names_of_figures, said_in, tables_in
from staggered_panels import staggered_panel

SPEC = {
    "spec_version": 1,
    "study": "stages",
    "data": {"path": "rows.csv"},
    "roles": {"entity": "entity", "time": "year", "outcomes": ["y"], "exposure": "zone"},
    "estimators": [{"id": "fe", "use": "fixed_effects", "effects": ["entity", "time"]}],
    "evaluation": {"protocols": [{"use": "in_sample"}]},
    "scenarios": [{"use": "did"}],
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    panel, *_ = staggered_panel(random_stream(1, "section"), per_cohort=12, n_never=20)
    columns = {"entity": panel.entity.codes, "year": 2000 + panel.period, "y": panel.observed}
    import pandas as pd

    rows, out = pd.DataFrame(columns | {"zone": panel.X[:, 0]}), tmp_path_factory.mktemp("did") / "run"
    harness.run(SPEC, data=rows, out=out, progress=False)
    return read_run(RunFolder.open(out))


def test_methods_stand_side_by_side(run):
    blocks = blocks_of(SECTION, run)
    (table,) = tables_in(blocks)
    assert [row[0] for row in table.texts[1:]] == ["Sun & Abraham", "Imputation", "Callaway & Sant'Anna"]
    assert names_of_figures(blocks) == ["did-y-did"]
    said = " ".join(said_in(blocks))
    assert "By every method the average effect is significantly different from zero." in said
    assert "By no method do effects before the start differ significantly from zero" in said
    assert "% of its weight is on comparisons with entities that were treated already" in said


def test_tables_are_those_of_the_run(run):
    (cell,) = [cell for cell in run.manifest.cells if cell.cell.endswith("did")]
    assert (cell.cell, cell.status) == ("y · all rows · did", "ok")
    bounds = run.frame("did_bounds")
    done = bounds[bounds["status"] == "ok"]
    assert done.groupby("method")["m_bar"].apply(list).to_dict() == {
        method: [0.5, 1.0, 2.0] for method in ("callaway_santanna", "sun_abraham")
    }
    assert set(bounds["status"]) == {"ok", "refused"}
    starts = run.frame("did_comparisons")["start"].astype(str)
    assert set(starts) == {"2004", "2006", "2008"}
