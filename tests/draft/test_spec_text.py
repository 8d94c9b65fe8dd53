"""Messy files become studies of the rows that a person would keep, and none is lost silently."""

import re
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pyfixest
import pytest

import harness
from command import printed
from draft.messy_files import FILES, clean, csv, messy, refused, stray_years
from harness.data.build import PanelBuilder
from harness.data.expand import expand
from harness.data.read.files import DataFolder
from harness.data.rules import RowFilter
from harness.draft.draft import Answers
from harness.draft.found_data import find_data
from harness.draft.spec_text import summary, write_draft
from harness.installed import installed
from harness.language import spoken
from harness.study.spec.load import load_study
from language.test_chinese import NAMES, WORD, english_in
from spec_tables import table_of

WITHOUT_NETWORKS = ("-p", "no:harness_neural")


def found(folder, file):
    answers = Answers(outcome=file.outcome, exposure=file.exposure)
    return find_data([folder / name for name in file.names], answers, folder=DataFolder(folder))


def drafted(folder, file):
    """Return the study of a file without an edit, and spec and summary."""
    catalogs, rows = installed().catalogs, found(folder, file)
    draft = write_draft(rows, catalogs, out=folder / "drafted.yaml")
    text = (folder / "drafted.yaml").read_text(encoding="utf-8")
    return load_study(folder / "drafted.yaml", catalogs=catalogs).study, f"{text}\n{summary(draft, rows)}"


@pytest.mark.parametrize("written", FILES, ids=lambda written: written.__name__)
def test_a_messy_file_is_drafted_with_the_rows_that_a_person_would_keep(written, tmp_path):
    file = written(tmp_path)
    study, text = drafted(tmp_path, file)
    assert [words for words in file.says if words not in " ".join(text.split()) and words not in text] == []
    roles = study.roles
    assert roles.controls == file.controls
    made = expand(table_of(study.data, tmp_path, entity=roles.entity, time=roles.time), study.data, roles)
    rows = PanelBuilder.build(made.table, made.spec, made.roles).frame()
    rows.columns = ["firm", "year", "y", "x", "z"]
    kept = file.kept.sort_values(["firm", "year"], ignore_index=True).astype({"year": str})
    rows = rows.astype({"year": str}).sort_values(["firm", "year"], ignore_index=True)
    pd.testing.assert_frame_equal(rows, kept[list(rows)], check_dtype=False, rtol=1e-12)


COMMENT = re.compile(r"(?<!\S)#.*")
ENCODINGS = frozenset({"UTF", "cp1252", "big5"})


@pytest.mark.parametrize("written", FILES, ids=lambda written: written.__name__)
def test_a_chinese_draft_says_in_chinese_what_is_no_name(written, tmp_path):
    file, registry = written(tmp_path), installed()
    rows = found(tmp_path, file)
    with spoken("zh", registry.messages):
        draft = write_draft(rows, registry.catalogs, out=tmp_path / "drafted.yaml")
        lines = summary(draft, rows)
    text = (tmp_path / "drafted.yaml").read_text(encoding="utf-8")
    study = load_study(tmp_path / "drafted.yaml", catalogs=registry.catalogs).study
    assert study.report.language == "zh"
    labels = "\n".join(entry.label for entry in study.estimators)
    assert english_in(labels, NAMES) == []
    # Keys and values of the spec, columns and cells.
    given = [COMMENT.sub("", text), *draft.columns]
    given += [cell for column in draft.columns.values() for cell in column.texts]
    known = NAMES | ENCODINGS | {*WORD.findall("\n".join(given))}
    assert english_in("\n".join([*COMMENT.findall(text), lines]), known) == []


@pytest.mark.slow
@pytest.mark.parametrize("written", FILES, ids=lambda written: written.__name__)
def test_a_messy_file_comes_to_a_report_without_an_edit_and_its_slopes_are_pyfixest_s(written, tmp_path):
    comes_to_a_report(written(tmp_path), tmp_path)


def comes_to_a_report(file, folder, *options):
    """Draft a study and run it; slopes and errors of its fixed effects have to be pyfixest's."""
    spec = folder / "drafted.yaml"
    roles = ["--outcome", file.outcome, "--exposure", file.exposure, "--out", spec, *options]
    printed(*WITHOUT_NETWORKS, "init", *(folder / name for name in file.names), *roles)
    printed(*WITHOUT_NETWORKS, "run", spec, "--quick", "--jobs", 1, "--out", folder / "run")
    run = harness.open_run(folder / "run")
    assert run.report.is_file()
    ours = run.coefficients.query("estimator == 'twfe'")
    assert ours["n_obs"].unique().tolist() == [len(file.kept)]
    with warnings.catch_warnings(action="ignore"):  # of pandas, about the way pyfixest uses it
        theirs = pyfixest.feols(
            "y ~ x + z | firm + year", data=file.kept, vcov={"CRV1": "firm"}, fixef_tol=1e-12
        )
    # The exposure, which may be an indicator of a text, and the control.
    np.testing.assert_allclose(
        ours[["estimate", "std_error"]].iloc[:2], theirs.tidy()[["Estimate", "Std. Error"]], rtol=1e-9
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", refused())
def test_a_file_that_is_refused_comes_to_a_report_once_its_remedy_is_followed(name, tmp_path):
    file = refused()[name]
    spoilt = messy(csv(tmp_path, file.spoilt), file.mended.dropna())
    with pytest.raises(harness.DataError) as caught:
        drafted(tmp_path, spoilt)
    assert [problem.hint for problem in caught.value.problems if file.remedy in problem.hint]
    csv(tmp_path, file.mended)
    comes_to_a_report(spoilt, tmp_path, *file.options)


def test_without_its_rule_a_year_far_from_the_others_is_refused_and_each_remedy_works(tmp_path):
    study, _ = drafted(tmp_path, stray_years(tmp_path))
    table = table_of(study.data, tmp_path, entity="firm", time="year")
    bare = study.data.__class__(path="panel.csv")
    with pytest.raises(harness.DataError) as caught:
        PanelBuilder.build(table, bare, study.roles)
    assert caught.value.what == "199, 2101, in 2 of 96 rows, lie apart from the other periods, 2005 to 2012"
    assert caught.value.where.startswith("panel.csv: column 'year', lines 7 (F00, 199), 52 (F06, 2101)")
    assert caught.value.hint == (
        "correct the cells; or data: rows: {year: {from: 2005, to: 2012}} leaves them out, and data: rows: "
        "{year: {from: 199, to: 2101}} keeps them"
    )
    keeps = RowFilter(from_=199, to=2101)
    for rows, n_rows in ((study.data.rows, 94), ({"year": keeps}, 96)):
        assert PanelBuilder.build(table, replace(bare, rows=rows), study.roles).n_obs == n_rows


@pytest.mark.slow
def test_validate_and_plan_say_how_many_rows_are_left_out(tmp_path):
    drafted(tmp_path, stray_years(tmp_path))
    for words in (["validate"], ["plan", "--list-only"]):
        assert "2 of 96 rows left out" in printed(*words, tmp_path / "drafted.yaml")


def test_rows_that_repeat_a_pair_and_differ_are_refused_with_copies_dropped_or_not(tmp_path):
    frame = clean()
    differing = pd.concat([frame, frame.iloc[[3]].assign(y=0.5)])
    (tmp_path / "panel.csv").write_text(differing.to_csv(index=False), encoding="utf-8")
    with pytest.raises(harness.DataError, match="1 rows repeat the entity and period of another"):
        drafted(tmp_path, messy("panel.csv", frame))


def test_a_positive_variable_that_is_skewed_is_proposed_in_logarithms(tmp_path):
    frame = clean()
    name = csv(tmp_path, frame.assign(x=np.exp(2.0 * frame["x"])))
    _, text = drafted(tmp_path, messy(name, frame))
    assert "# x is positive and skewed (skewness " in text
    assert "`prepare: [{log: {into: log_x, of: x}}]`" in text
    assert "# y is positive" not in text
