"""Tables for a Word document as journals print them: three horizontal rules and no others.

maketables writes one table of estimates a file, with rules of its own and without heads that are repeated on
every page; so this is written here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from copy import deepcopy
from io import BytesIO
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Literal, cast
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from harness.language import spaced
from harness.report.blocks import ReportTable, plain_words

if TYPE_CHECKING:
    from docx.document import Document
    from docx.opc.packuri import PackURI
    from docx.table import Table, _Cell

# Fonts of the two scripts.
LATIN, CHINESE = "Times New Roman", "SimSun"

POINTS = 8

# Widths of the outer rules and of that under the heads, eighths of a point.
THICK, THIN = "12", "6"

Edge = Literal["top", "bottom"]


def word_tables(tables: Sequence[ReportTable]) -> bytes:
    """Return a Word file with every table, whole, beneath its caption; the same for the same tables."""
    import docx
    from docx.enum.section import WD_ORIENT
    from docx.oxml.ns import qn
    from docx.shared import Pt

    document = docx.Document()
    page = document.sections[0]
    page.orientation = WD_ORIENT.LANDSCAPE
    page.page_width, page.page_height = page.page_height, page.page_width
    style = document.styles["Normal"]
    style.font.name, style.font.size = LATIN, Pt(POINTS)
    style.element.rPr.rFonts.set(qn("w:eastAsia"), CHINESE)
    for table in tables:
        document.add_paragraph(spaced(plain_words(table.caption))).paragraph_format.keep_with_next = True
        _add(document, table)
        document.add_paragraph(spaced(" ".join(map(plain_words, table.notes))))
    return _bytes(document)


def word_document(markdown: str) -> bytes:
    """Return headings, paragraphs, lists and tables of Markdown, a blank line between, as a Word file."""
    import docx

    document = docx.Document()
    for block in re.split(r"\n{2,}", markdown.replace("`", "").replace("**", "").strip()):
        first, *lines = block.splitlines()
        if first.startswith("#"):
            document.add_heading(first.lstrip("# "), level=len(first) - len(first.lstrip("#")))
        elif first.startswith("|"):
            heads, _, *rows = (re.split(r"(?<!\\)\|", line)[1:-1] for line in (first, *lines))
            grid = document.add_table(rows=0, cols=len(heads), style="Table Grid")
            for texts in (heads, *rows):
                for cell, text in zip(grid.add_row().cells, texts, strict=True):
                    cell.text = text.strip().replace("\\|", "|")
        elif first.startswith("- "):
            for line in (first, *lines):
                document.add_paragraph(line.removeprefix("- "), style="List Bullet")
        else:
            document.add_paragraph(block)
    return _bytes(document)


def _bytes(document: Document) -> bytes:
    """Return a document without the time of its writing, so that the same content is the same bytes.

    What saves a document for a user asks for that time, and fails where a clock is before 1980.
    """
    from docx.opc.pkgwriter import PackageWriter

    buffer = BytesIO()
    with ZipFile(buffer, "w") as archive:

        def write(uri: PackURI, data: bytes) -> None:
            archive.writestr(ZipInfo(uri.membername), data, ZIP_DEFLATED)

        undated, writer = SimpleNamespace(write=write), cast("Any", PackageWriter)
        package = cast("Any", document.part.package)
        writer._write_content_types_stream(undated, package.parts)
        writer._write_pkg_rels(undated, package.rels)
        writer._write_parts(undated, package.parts)
    return buffer.getvalue()


def _add(document: Document, table: ReportTable) -> None:
    """Add a table, whose rows are copies of one: to make and format each cell takes ten times as long."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml import OxmlElement

    grid = document.add_table(rows=1, cols=table.width)
    _widen_first(document, grid)
    for column, cell in enumerate(grid.rows[0].cells):
        paragraph = cell.paragraphs[0]
        paragraph.paragraph_format.space_after = 0
        if column:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    empty = grid.rows[0]._tr
    for texts in table.texts:
        row = deepcopy(empty)
        empty.addprevious(row)
        for cell, text in zip(row.tc_lst, texts, strict=True):
            cell.p_lst[0].add_r().text = text
    empty.getparent().remove(empty)
    # The heads stand on every page that the table goes to.
    for row in grid.rows[: len(table.heads)]:
        row._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
    _rule(grid.rows[0].cells, "top", THICK)
    _rule(grid.rows[len(table.heads) - 1].cells, "bottom", THIN)
    _rule(grid.rows[-1].cells, "bottom", THICK)


def _widen_first(document: Document, grid: Table) -> None:
    """Give the first column, which names rows, twice the width of the others.

    Word goes by the cells, LibreOffice by the columns.
    """
    from docx.shared import Emu

    page, cells = document.sections[0], grid.rows[0].cells
    whole = int(page.page_width or 0) - int(page.left_margin or 0) - int(page.right_margin or 0)
    share = whole // (len(cells) + 1)
    grid.autofit = False
    for column, width in zip(grid.columns, (2 * share, *[share] * len(cells)), strict=False):
        column.width = Emu(width)
    for column, cell in enumerate(cells):
        cell.width = Emu(2 * share if column == 0 else share)


def _rule(cells: Sequence[_Cell], edge: Edge, width: str) -> None:
    """Draw a rule along one edge of a row."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    for cell in cells:
        properties = cell._tc.get_or_add_tcPr()
        borders = properties.find(qn("w:tcBorders"))
        if borders is None:
            borders = OxmlElement("w:tcBorders")
            properties.append(borders)
        line = OxmlElement(f"w:{edge}")
        for name, value in (("val", "single"), ("sz", width), ("space", "0"), ("color", "000000")):
            line.set(qn(f"w:{name}"), value)
        borders.append(line)
