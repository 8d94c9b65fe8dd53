"""What a folder must hold to be reported, and what is said where it does not."""

import pandas as pd
import pytest

from harness.errors import ArtifactError
from harness.tables.gain import GainRow
from harness.tables.preparation import VariableRow
from harness.tables.table import read_rows
from report.fake_run import manifest, read_manifest


def test_every_mistake_of_a_manifest_is_named():
    content = manifest(outcomes={"y": ("Y", "")})
    del content["study"]["seed"]
    content["data"]["n_obs"] = "many"
    with pytest.raises(ArtifactError) as raised:
        read_manifest(content)
    assert {one.where for one in raised.value.problems} == {
        "manifest.json: study.seed",
        "manifest.json: data.n_obs",
    }


def test_labels_fall_back_to_names_and_units_are_in_brackets():
    study = read_manifest(manifest(outcomes={"y": ("Output", "tons")})).study
    assert [study.axis_label(name) for name in ("y", "nr", "union")] == ["Output (tons)", "man", "union"]
    assert study.estimator_label("gone") == "gone"


@pytest.mark.parametrize(
    ("protocol", "apart"),
    [("as_published", False), ("in_sample", False), ("held_out_entities", True), ("forward", True)],
)
def test_which_protocols_keep_test_rows_apart(protocol, apart):
    study = read_manifest(manifest(outcomes={"y": ("Y", "")})).study
    assert {one.id: one.keeps_test_rows_apart for one in study.protocols}[protocol] is apart


def test_a_table_without_a_column_is_refused():
    with pytest.raises(ArtifactError, match=r"gain\.csv: the table lacks estimator, reference, protocol"):
        read_rows(pd.DataFrame({"outcome": ["y"]}), GainRow, table="gain")


def test_empty_cells_become_nothing_and_more_columns_are_passed_over():
    frame = pd.DataFrame(
        {
            "variable": ["NA"],
            "role": pd.Series([pd.NA], dtype="string"),
            "n": [3.0],
            "mean": [None],
            "sd": [1.5],
            "min": [0],
            "max": [2],
            "sd_within": [0.1],
            "sd_between": [0.2],
            "more": ["x"],
        }
    )
    (row,) = read_rows(frame, VariableRow, table="summary")
    assert (row.variable, row.role, row.n, row.sd, row.max) == ("NA", "", 3, 1.5, 2.0)
    assert row.mean != row.mean
