"""The coefficients as a Word document."""

from __future__ import annotations

from io import BytesIO

import pytest
from docx import Document

from harness.report.model.run import read_run
from harness.report.sections.coefficients.docx import docx_coefficients
from harness.report.sections.coefficients.section import CoefficientsSection
from harness.report.sections.coefficients.table import coefficient_table
from harness.report.write import write_report
from report.fake_run import HOSTILE, wage_run


def tables(folder):
    """The cells of every table, by row."""
    document = Document(BytesIO(docx_coefficients(read_run(folder))))
    return [[[cell.text for cell in row.cells] for row in one.rows] for one in document.tables]


def test_it_has_the_cells_of_the_table(wage):
    (grid,) = tables(wage)
    expected = coefficient_table(read_run(wage), "lwage")
    assert grid[0] == ["", *(one.label for one in expected.columns)]
    for own, row in zip(grid[1:], expected.rows, strict=False):
        shown = ["\n".join((cell.estimate, cell.std_error, cell.interval)).strip() for cell in row.cells]
        assert own == [row.label, *shown]
    beneath = {own[0]: own[1:] for own in grid[1 + len(expected.rows) : -1]}
    assert beneath["Covariance"] == ["clustered by entity", "clustered by entity and time"]
    assert beneath["Effects"] == ["–", "entity and time"]
    assert beneath["Rows"] == ["4,360", "4,360"]


def test_its_notes_say_covariances_and_who_has_no_coefficients(wage):
    (grid,) = tables(wage)
    notes = grid[-1][0]
    pooled = "Pooled OLS: covariance clustered by entity (545 clusters and small-sample factor 1.0037)."
    assert pooled in notes
    assert "SOM + ANN, RAB and Boosting: no coefficients; the curves say what is estimated." in notes


def test_every_outcome_has_a_table_with_its_caption(chinese):
    document = Document(BytesIO(docx_coefficients(read_run(chinese))))
    assert len(document.tables) == 2
    assert any("碳排放总量" in one.text for one in document.paragraphs)


def test_names_with_markup_stay_names(hostile):
    shown = [cell for one in tables(hostile) for row in one for cell in row]
    assert any(HOSTILE["label"] in cell for cell in shown)


def test_the_same_run_has_the_same_file_whenever_it_is_written(wage, monkeypatch):
    first = docx_coefficients(read_run(wage))
    monkeypatch.setattr("time.time", lambda: 2_000_000_000.0)
    monkeypatch.setattr("time.localtime", lambda *_: (2033, 5, 18, 3, 33, 20, 2, 138, 0))
    assert docx_coefficients(read_run(wage)) == first


@pytest.mark.parametrize("formats", [("docx",), ("html", "latex")])
def test_a_run_has_it_where_the_spec_asks_for_it(formats, tmp_path):
    folder = wage_run(tmp_path)
    written = write_report(folder, formats=formats, sections=[CoefficientsSection()])
    assert ("tables/coefficients.docx" in written) == ("docx" in formats)
    assert ("tables/coefficients.docx" in folder.files()) == ("docx" in formats)
    assert ("tables/tables.docx" in folder.files()) == ("docx" in formats)
