"""Tables of files: the report's own in three formats are equal, and hostile ones are refused."""

import io
import zipfile

import docx
import pytest

from harness.errors import DataError
from harness.findings.run import read_run
from harness.printed import files as files_module
from harness.printed.files import read_tables
from harness.report.paper.tables import paper_tables
from harness.running.folder import RunFolder


def plain(rows):
    return tuple(tuple(" ".join(text.split()) for text in row) for row in rows)


def test_tables_of_the_report_are_equal_in_three_formats(finished):
    tables = paper_tables(read_run(RunFolder.open(finished / "run")))
    assert [table.name for table in tables] == ["descriptive", "regressions-invest", "gains"]
    for table in tables:
        for kind in ("csv", "tex", "docx"):
            (result,) = read_tables(finished / f"{table.name}.{kind}")
            assert plain(result.rows) == plain(table.texts), kind
            assert kind == "csv" or (result.caption == str(table.caption) and result.notes)
    together = read_tables(finished / "paper.docx")
    assert [plain(result.rows) for result in together] == [plain(table.texts) for table in tables]


def test_merged_cells_of_word_are_one(tmp_path):
    document = docx.Document()
    grid = document.add_table(rows=3, cols=3)
    for index, text in enumerate(["", "Wage", "", "a", "1", "2", "", "3", "4"]):
        grid.cell(index // 3, index % 3).text = text
    grid.cell(0, 1).merge(grid.cell(0, 2))
    grid.cell(1, 0).merge(grid.cell(2, 0))
    document.save(tmp_path / "t.docx")
    (result,) = read_tables(tmp_path / "t.docx")
    assert result.rows == (("", "Wage", ""), ("a", "1", "2"), ("", "3", "4"))
    assert result.spans == {(0, 1): 2}


def word_file(**parts):
    """Return a Word file with other parts."""
    buffer, changed = io.BytesIO(), io.BytesIO()
    docx.Document().save(buffer)
    with zipfile.ZipFile(buffer) as whole, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in whole.namelist():
            archive.writestr(name, parts.get(name, whole.read(name)))
    return changed.getvalue()


BOMB = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><x>&b;</x>'


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("t.pdf", b"", r"is named \.pdf\n.*\.csv, \.tex, \.docx"),
        ("t.csv", b"", "holds no table"),
        ("t.csv", b"a,\xff\n", "no text in UTF-8: byte 3"),
        ("t.csv", b'a,"' + b"x" * 200_000, "cannot be read as CSV"),
        ("t.tex", b"no table", "holds no table"),
        ("t.docx", b"PK", "cannot be read as a Word file"),
        ("t.docx", word_file(), "holds no table"),
        ("t.docx", word_file(**{"word/document.xml": BOMB}), "defines types or entities"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=words):
        read_tables(tmp_path / name)


def test_a_file_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(files_module, "MOST_UNPACKED", 1 << 20)
    (tmp_path / "t.docx").write_bytes(word_file(**{"word/document.xml": b" " * (1 << 21)}))
    with pytest.raises(DataError, match=r"unpacks to 3 MB\n.*at most 1 MB"):
        read_tables(tmp_path / "t.docx")
