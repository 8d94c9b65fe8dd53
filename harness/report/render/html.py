"""Tables, words and the pages' templates in HTML: escaped, with numbers in words and figures within.

great_tables writes HTML too, but neither a caption with a link to itself, nor scopes of headings among rows,
nor a long table of which the first rows are shown until all are wanted; the templates of the report do.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from harness.language import rendered, spaced, topic
from harness.report.blocks import (
    MOST_ROWS,
    MOST_WHOLE,
    Given,
    Phrase,
    ReportTable,
    RowGroup,
    TableCell,
    TableColumn,
    TableRow,
    Words,
    cell_of,
    parts_of,
    plain_words,
)
from harness.report.render.text import latex_tabular
from harness.tables.csv_table import csv_for_readers
from harness.text.numbers import count, p_value, percent, plain, significant
from harness.text.plain_text import PAGE, capitalised, printable, translate_in

gettext = topic(PAGE)


@dataclass(frozen=True)
class ShownTable:
    """A table as the page shows it.

    Attributes
    ----------
    number : on its page; empty of a table that stands alone, which is shown whole
    """

    table: ReportTable
    number: str = ""

    @property
    def name(self) -> str:
        """Its anchor, and the name of its files."""
        return f"table-{self.number}" if self.number else self.table.name

    @property
    def label(self) -> str:
        """Return "Table 3."."""
        return gettext("Table {number}.").format(number=self.number)

    @property
    def whole(self) -> ReportTable:
        """The table as files have it, with its number in the caption."""
        caption = f"{self.label} {plain_words(self.table.caption)}"
        return replace(self.table, caption=caption, name=self.name, notes=())

    @property
    def columns(self) -> tuple[TableColumn, ...]:
        """The columns that are shown."""
        return tuple(column for column in self.table.columns if not column.is_for_files)

    @property
    def n_headed(self) -> int:
        """How many columns the heading of a group reaches over."""
        return len(self.columns) - max((len(group.end) for group in self.table.groups), default=0)

    @property
    def n_rows(self) -> int:
        """How many rows it has beneath its heads, without headings and foot."""
        return sum(len(group.rows) for group in self.table.groups)

    @property
    def is_long(self) -> bool:
        """Whether the page shows its first rows until all are wanted."""
        return bool(self.number) and not self.table.is_whole and self.n_rows > MOST_WHOLE

    @property
    def groups(self) -> Iterator[tuple[RowGroup, int]]:
        """Groups, each with how many of its rows are shown at once."""
        left = MOST_ROWS if self.is_long else self.n_rows
        for group in self.table.groups:
            if group.rows:
                yield group, min(left, len(group.rows))
                left = max(0, left - len(group.rows))

    def row(self, row: TableRow, *, member: str = "", is_foot: bool = False, beyond: str = "") -> Markup:
        """Return a row; a macro of the template would take three times as long.

        Parameters
        ----------
        member, beyond : class of its head, and of the row
        """
        given: list[Given] = [*row.cells, *[""] * (self.table.width - len(row.cells))]
        shown = zip(map(cell_of, given), self.table.columns, strict=True)
        first, *others = ((cell, column.align) for cell, column in shown if not column.is_for_files)
        looks, marks = _class(member, first[0].look), self.table.marks
        cells = [f'<th scope="row"{looks}>{inner(first[0], marks)}</th>' if first[0].text else "<td></td>"]
        for cell, align in others:
            title = f' title="{_escaped(cell.hint)}"' if cell.hint else ""
            cells.append(f"<td{_class('' if is_foot else align, cell.look)}{title}>{inner(cell, marks)}</td>")
        made = f"<tr{_class(beyond)}>{''.join(cells)}</tr>\n"
        return Markup(made)  # noqa: S704 - every text in it is escaped

    @property
    def links(self) -> Markup:
        """Links to the whole table as CSV and as LaTeX."""
        return Markup('<span class="tools">{} {}</span>').format(
            _link(f"{self.name}.csv", "text/csv", csv_for_readers(self.table.texts), "CSV"),
            _link(f"{self.name}.tex", "text/x-tex", latex_tabular(self.table), "LaTeX"),
        )


def _link(name: str, kind: str, content: str, label: str) -> Markup:
    address = f"data:{kind};charset=utf-8;base64,{base64.b64encode(content.encode()).decode('ascii')}"
    return Markup('<a href="{}" download="{}">{}</a>').format(address, name, label)


def _escaped(text: str) -> Markup:
    return escape(printable(text))


def _class(*looks: str) -> str:
    shown = " ".join(look for look in looks if look not in {"", "plain"})
    return f' class="{_escaped(shown)}"' if shown else ""


def inner(cell: TableCell, marks: Mapping[str, str] = MappingProxyType({})) -> Markup:
    """Return what stands in a cell, with the mark of the reason that it has."""
    says = f' aria-label="{_escaped(cell.says)}"' if cell.says else ""
    mark = marks.get(cell.reason)
    parts = [f'<span class="symbol"{says}>{_escaped(cell.symbol)}</span>'] if cell.symbol else []
    parts += [words_in_html(cell.words), f"<sup>{_escaped(mark)}</sup>" if mark else ""]
    parts += [f'<span class="beneath">{_escaped(line)}</span>' for line in cell.beneath]
    return Markup("".join(parts))  # noqa: S704 - every text in it is escaped


def words_in_html(words: Words) -> Markup:
    """Return words with their emphasis and links, all else in them escaped."""
    return Markup("").join(_part(part) for part in parts_of(words))


def _part(part: str | Phrase) -> Markup:
    if isinstance(part, str):
        return Markup("<br>").join(map(_printable, part.split("\n")))
    look = Markup(' class="{}"').format(part.look) if part.look else ""
    if part.href:
        return Markup('<a href="{}"{}>{}</a>').format(part.href, look, printable(part.text))
    return Markup("<{0}{1}>{2}</{0}>").format(part.element, look, printable(part.text))


def _printable(text: str) -> str:
    """Return printable text with the blanks at its ends, which part it from what stands next to it."""
    own = printable(text)
    before, after = " " * text.startswith(" "), " " * text.endswith(" ")
    return f"{before}{own}{after}" if own else before


TEMPLATES = "templates"


@cache
def environment() -> Environment:
    """Return the environment of the report's templates, compiled once; it escapes all that templates show.

    Texts are translated where a template is rendered, so it serves every language: a filter of a constant,
    which is applied where a template is compiled, must be none that translates.
    """
    made = Environment(
        loader=PackageLoader("harness.report", TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalized,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script = Markup(packaged("report.js"))  # noqa: S704 - a file of this package
    made.globals.update(script=script, script_hash=script_hash(script))
    translate_in(made)
    made.filters["rendered"] = rendered
    made.filters.update({"count": count, "percent": percent, "significant": significant, "plain": plain})
    made.filters.update({"p_value": p_value, "capitalised": capitalised})
    made.filters.update({"data_uri": data_uri, "words": words_in_html, "inner": inner})
    return made


def packaged(name: str) -> str:
    """Return the text of a file next to the templates."""
    return (files("harness.report") / TEMPLATES / name).read_text(encoding="utf-8")


def from_template(template: str, **values: object) -> str:
    """Return a page that a template makes of values and the style sheet; every text in it is escaped."""
    return spaced(environment().get_template(template).render(style=style_sheet(), **values))


def paper_table_in_html(shown: ShownTable) -> str:
    """Return a table of a paper with its notes, without a page around it."""
    blocks: Any = environment().get_template("blocks.html.j2").module
    return spaced(str(blocks.paper_table(shown)))


def style_sheet(*more: str) -> Markup:
    """Return the style sheet of the report's pages, and whatever goes after it."""
    return Markup("".join([packaged("report.css"), *more]))  # noqa: S704 - files of this package


def script_hash(source: str) -> str:
    """Return how a content security policy names a script."""
    digest = base64.b64encode(hashlib.sha256(source.encode("utf-8")).digest()).decode("ascii")
    return f"'sha256-{digest}'"


# Signs of a drawing that mean something else in an address, or end it.
ENCODED = {"%": "%25", '"': "'", "#": "%23", "<": "%3C", ">": "%3E"}


def data_uri(drawing: str) -> Markup:
    """Return an address that carries a drawing."""
    for sign, code in ENCODED.items():
        drawing = drawing.replace(sign, code)
    return Markup(f"data:image/svg+xml,{drawing}")  # noqa: S704 - no sign in it ends the attribute that it stands in


def _finalized(value: object) -> object:
    """Strip control characters and direction marks from every text before it is escaped."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return printable(value)
