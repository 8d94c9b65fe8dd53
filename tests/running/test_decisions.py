"""What a run decides on the rows of its tables follows from the numbers of these rows."""

import numpy as np
import pandas as pd
import pytest

import harness
from harness.findings.run import Gains, read_run
from harness.report.sections.accuracy import gain_rows, left_table
from harness.running.folder import RunFolder
from holm import holm
from small_run import SPEC, grunfeld

# At a low level some numbers of few firms are significant.
SIZE = 0.5

CHANGES = (
    "evaluation.level=0.5",
    "multiverse=null",
    "claims=[]",
    "report.formats=[]",
    "evaluation.metrics=[absolute_error]",
    "scenarios=[{use: heterogeneity, by: half, draws: 20}, {use: importance}]",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    half = ["old" if year < 1945 else "new" for _, year in grunfeld().index]
    out = tmp_path_factory.mktemp("decided") / "run"
    run = harness.run(
        SPEC, data=grunfeld().assign(half=half), out=out, quick=True, progress=False, overrides=CHANGES
    )
    return RunFolder.open(run.path)


def said(table, number, evidence, *, margin=np.nan):
    """Return the words of a table by an independent rule, (n_rows,)."""
    estimate, low, high = (table[name].to_numpy(float) for name in (number, "conf_low", "conf_high"))
    side = np.sign(estimate)
    excludes = (np.sign(low) == side) & (np.sign(high) == side) & (side != 0)
    found = {"interval": excludes, "both": excludes}
    for name in {"p_holm", "p_adjusted"} & set(table):
        found |= {"p": table[name] < SIZE, "both": excludes & (table[name] < SIZE)}
    words = np.where(side > 0, "above", "below")
    words = np.where(found[evidence], words, np.where(high < margin, "negligible", "open"))
    return np.where(np.isnan(estimate), "untested", words).tolist()


@pytest.mark.parametrize(
    ("name", "number"), [("metrics", "gain"), ("recognition", "estimate"), ("importance", "importance")]
)
def test_numbers_without_a_family_are_decided_on_by_their_interval(folder, name, number):
    table = folder.read_table(name)
    assert len(table)
    assert table["decision"].tolist() == said(table, number, "interval")


def test_gains_are_decided_on_by_their_adjusted_p_value_and_the_least_gain(folder):
    table = folder.read_table("gain")
    assert table["decision"].tolist() == said(table, "gain", "p", margin=0.1)
    assert len(set(table["decision"])) > 1


def test_differences_between_groups_are_decided_on_by_interval_and_adjusted_p_value(folder):
    table = folder.read_table("heterogeneity_differences")
    tested = (table["mode"] == "pooled") & (table["measure"] == "effect") & (table["status"] == "ok")
    assert tested.any()
    assert set(table.loc[~tested, "decision"]) <= {"untested"}
    assert table.loc[tested, "decision"].tolist() == said(table[tested], "difference", "both")
    p_values = table.loc[tested, "p_value"].to_numpy()
    assert table.loc[tested, "p_adjusted"].tolist() == pytest.approx(holm(p_values), nan_ok=True)


def test_a_gain_has_one_colour_wherever_it_is_shown(folder):
    keys = ["outcome", "estimator", "protocol"]
    gains = folder.read_table("gain").query("sample == 'test'").set_index(keys)
    parts = folder.read_table("decomposition").set_index(keys)
    shared = gains.loc[parts.index]
    pd.testing.assert_series_equal(parts["decision"], shared["decision"])
    over = Gains(read_run(folder))
    (group,) = left_table(over).groups
    shown = {row.cells[0]: [cell.look for cell in row.cells[1:]] for row in group.rows[1:]}
    for entry, cells in gain_rows(over, "invest"):
        assert sorted(cell.look for cell in cells) == sorted(shown[entry.label])
