"""Files as databases give them: `harness init` drafts a study of the same panel as that of a clean table."""

from __future__ import annotations

import pandas as pd
import pytest
from click.testing import CliRunner

from downloads import CODES, DOWNLOADS, SHORT, YEARS, lines, panel
from harness.cli import cli
from harness.data.build import PanelBuilder
from harness.data.data_spec import FileSpec
from harness.data.read.source import Source
from harness.data.read.text import TEXT
from harness.draft.found_data import sniff
from harness.installed import installed
from harness.study.spec.load import load_study
from spec_tables import table_of


def draft(path, outcome, exposure):
    """Return the study that `harness init` drafts of a file."""
    spec = path.with_suffix(".yaml")
    words = ["init", str(path), "--outcome", outcome, "--exposure", exposure, "--out", str(spec)]
    done = CliRunner().invoke(cli, ["-p", "no:harness_neural", *words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return load_study(spec, catalogs=installed().catalogs).study


def frame_of(study, folder, names):
    """Return the rows that the study's estimators get, with the short names of columns and places."""
    roles = study.roles
    assert {roles.outcomes[0], roles.exposure, *roles.controls} == {*names}
    table = table_of(study.data, folder, entity=roles.entity, time=roles.time)
    frame = PanelBuilder.build(table, study.data, roles).frame()
    short = dict(zip(names, SHORT, strict=True)) | {roles.entity: "place", roles.time: "year"}
    frame = frame.rename(columns=short).replace({"place": CODES})
    return frame.astype({"year": int}).sort_values(["place", "year"], ignore_index=True)


@pytest.mark.parametrize("name", DOWNLOADS)
def test_a_download_is_the_panel_of_its_clean_twin(tmp_path, name):
    file, make, names = DOWNLOADS[name]
    (tmp_path / file).write_bytes(make(panel()))
    found = frame_of(draft(tmp_path / file, *names[:2]), tmp_path, names)
    twin = panel().dropna().reset_index(drop=True)
    pd.testing.assert_frame_equal(found[list(twin)], twin, check_exact=True, check_dtype=False)


@pytest.mark.parametrize(
    ("marks", "flags"),
    [(("p", "", ""), ("p",)), (("p", "p", ""), ()), (("k", "", ""), ()), (("p", "", "k"), ())],
    ids=["some", "most", "thousand", "other-letters"],
)
def test_letters_behind_some_numbers_are_flags_and_those_of_units_are_not(marks, flags):
    rows = [(year, f"{year - 1997.5} {marks[year % 3]}".strip()) for year in YEARS]
    content = lines([("year", "x"), *rows]).encode()
    assert sniff(Source(content, "marked.csv", "", "", FileSpec()), TEXT).spec.flags == flags


def test_second_names_and_units_become_labels_and_units(tmp_path):
    (tmp_path / "csmar.xlsx").write_bytes(DOWNLOADS["CSMAR"][1](panel()))
    known = draft(tmp_path / "csmar.xlsx", *DOWNLOADS["CSMAR"][2][:2]).variables
    assert {name: (own.label, own.unit) for name, own in known.items()} == {
        "A001000000": ("碳排放", "吨"),
        "A002000000": ("资产总计", "元"),
        "A003000000": ("比重", "%"),
    }
