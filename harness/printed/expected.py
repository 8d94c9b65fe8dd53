"""The numbers of a printed table as expected numbers, each with the cell of a run that it may be."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from harness.audit.pin import new_block
from harness.printed.table import PrintedTable
from harness.report.render.text import DIGITS, RAISED
from harness.study.spec.document import flow_text, written_number
from harness.study.spec.study import Study
from harness.tables.coefficients import COEFFICIENTS
from harness.text.plain_text import printable

# What stands around a number: nothing, or brackets.
Kind = Literal["", "(", "[", "{"]

_PLAIN = r"(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+)?"
_POWER = rf"(?:\s*(?:×|x)\s*10\s*(?P<power>[{RAISED}]+)|[eE](?P<exponent>[-−+]?\d{{1,3}}))"
NUMBER = re.compile(rf"(?P<sign>[-−–+]?)\s*(?P<digits>{_PLAIN}){_POWER}?\s*(?P<percent>%?)")

# What marks significance.
MARKS = "*†‡⁎∗＊+ᵃᵇᶜ"

CLOSING = {"(": ")", "[": "]", "{": "}"}

# What separates the ends of an interval.
BETWEEN = re.compile(r"\s*[,;]\s+|\s+to\s+|\s*;\s*")

NUMBERED = re.compile(r"[(\[]?(?:\d{1,2}|[ivx]{1,5})[)\]]?|\d{1,2}\.")

EMPTY = frozenset({"", "-", "–", "—", "−", ".", "...", "…", "n.a.", "na", "n/a"})

# What a row of the foot of a table of regressions is called that a run has in its coefficients.
COUNTS = re.compile(
    r"(?:n|obs\.?|observations|no\.? (?:of )?obs\w*\.?|number of obs\w*|样本量|观测值?)", re.IGNORECASE
)
CONSTANTS = re.compile(r"(?:constant|intercept|_?cons|const|常数项?|截距)", re.IGNORECASE)

# What stands in brackets, by words of the notes or the caption; standard errors without any.
BRACKETED = (
    (
        "statistic",
        re.compile(
            r"\bt[- ](?:stat|val|ratio)\w*|test statistics?|\bz[- ]stat\w*|t ?值|t 统计量", re.IGNORECASE
        ),
    ),
    ("p_value", re.compile(r"\bp[- ]values? (?:are )?in|p ?值", re.IGNORECASE)),
)


@dataclass(frozen=True)
class PrintedValue:
    """One number of a cell.

    Attributes
    ----------
    text : with its digits, as YAML reads it
    kind : the bracket that it stands in, if any
    ends : of an interval in brackets; empty otherwise
    """

    text: str
    kind: Kind = ""
    ends: tuple[str, ...] = ()


@dataclass(frozen=True)
class ExpectedEntries:
    """What is made of the tables of a file.

    Attributes
    ----------
    matched : expected numbers whose cells are named
    unmatched : expected numbers for whose cells the study has no estimator, term or table of the name
    unread : where a cell stands, and why it gave no number
    """

    matched: list[Mapping[str, Any]] = field(default_factory=list)
    unmatched: list[Mapping[str, Any]] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


def read_values(text: str) -> tuple[PrintedValue, ...] | None:
    """Return the numbers of a cell: ``-0.54*** (0.12)`` has two; None where it has something else as well."""
    values: list[PrintedValue] = []
    rest = text.replace("\u00a0", " ").replace("\u2009", "").strip()
    while rest:
        kind: Kind = rest[0] if rest[0] in CLOSING else ""  # type: ignore[assignment]  # a key of CLOSING
        if kind:
            inner, closing, rest = rest[1:].partition(CLOSING[kind])
            ends = tuple(filter(None, map(_number, BETWEEN.split(inner.strip()))))
            if not closing or not ends or len(ends) != len(BETWEEN.split(inner.strip())) or len(ends) > 2:
                return None
            values.append(PrintedValue(ends[0], kind, ends if len(ends) == 2 else ()))
        else:
            match = NUMBER.match(rest)
            if match is None or not (number := _number(match[0])):
                return None
            values.append(PrintedValue(number))
            rest = rest[match.end() :]
            if (rest[:1].isalnum() and rest[:1] not in MARKS) or rest[:1] in {".", ","}:
                return None
        rest = rest.lstrip(MARKS).strip()
    return tuple(values)


def _number(text: str) -> str:
    """Return a number as YAML reads it, with its digits; a percentage as a share; empty where it is none."""
    match = NUMBER.fullmatch(text.strip())
    if match is None or not match["digits"]:
        return ""
    power = int((match["power"] or "").translate(DIGITS) or (match["exponent"] or "0").replace("−", "-"))
    number = Decimal(match["digits"].replace(",", "")).scaleb(power - 2 * bool(match["percent"]))
    exponent = number.as_tuple().exponent
    written = f"{number:f}" if isinstance(exponent, int) and exponent <= 0 else f"{number:e}"
    return f"-{written}" if match["sign"] and match["sign"] != "+" else written


def expected_entries(
    tables: Sequence[PrintedTable], *, source: str, study: Study | None = None
) -> ExpectedEntries:
    """Return the numbers of tables of regressions as expected numbers, and what gave none.

    Columns are estimators, rows terms, and what stands in brackets under or behind an estimate its standard
    error, or what the notes call it.

    Parameters
    ----------
    source : of the tables, such as ``Baltagi 2013``; table, row and column are added
    study : whose estimators and variables heads and rows may be; None takes them as they are printed
    """
    entries = ExpectedEntries()
    for number, table in enumerate(tables, start=1):
        name = f"table {number}" if len(tables) > 1 else "table"
        _read(table, _StudyNames(study, table), f"{source}, {name}" if len(tables) > 1 else source, entries)
    return entries


def _read(table: PrintedTable, names: _StudyNames, source: str, entries: ExpectedEntries) -> None:
    n_heads = heads_of(table)
    heads = [" ".join(filter(None, parts)) for parts in zip(*_spread(table, n_heads), strict=True)]
    label, below = "", dict[int, int]()
    for row, texts in enumerate(table.rows[n_heads:], start=n_heads):
        if texts[0]:
            label, below = texts[0], {}
        for column, text in enumerate(texts[1:], start=1):
            where = f"{source}, {label or 'no row'}, {heads[column] or f'column {column}'}"
            flaw = table.unread.get((row, column), "")
            values = None if flaw else read_values(text)
            if text.strip().lower() in EMPTY and not flaw:
                continue
            if values is None:
                entries.unread.append(f"{where}: {text}" + (f" ({flaw})" if flaw else ""))
                continue
            for value in values:
                depth = below[column] = below.get(column, -1) + 1
                columns = names.columns(value, depth)
                if not columns:
                    entries.unread.append(f"{where}: {text} (nothing says which number this is)")
                for about, written in columns.items():
                    keys = names.row(label, heads[column], column)
                    entry = {
                        "table": COEFFICIENTS.name,
                        "where": keys.where,
                        "column": "n_obs" if keys.is_count else about,
                        "value": written_number(written) if set(written) & set(".e") else int(written),
                        "from": "publication",
                        "source": where,
                    }
                    (entries.matched if keys.is_matched else entries.unmatched).append(entry)


def block_of(entries: ExpectedEntries) -> str:
    """Return the block ``expect:`` of a spec, with comments on what is left to match by hand."""
    lines = [new_block(entries.matched).rstrip("\n")] if entries.matched else []
    if entries.unmatched:
        lines += [
            "  # To be matched: an estimator, a term or a table that the study has.",
            *(f"  # - {flow_text(entry)}" for entry in entries.unmatched),
        ]
    if entries.unread:
        lines += ["  # Not read:", *(f"  #   {printable(cell)}" for cell in entries.unread)]
    return "".join(f"{line}\n" for line in lines)


def heads_of(table: PrintedTable) -> int:
    """Return how many rows are heads: those before the first with a label and a number."""
    for row, texts in enumerate(table.rows):
        cells = [text for text in texts[1:] if text]
        if (
            texts[0]
            and any(read_values(text) for text in cells)
            and not all(map(_is_number_of_column, cells))
        ):
            return row
    return len(table.rows)


def _is_number_of_column(text: str) -> bool:
    return NUMBERED.fullmatch(text) is not None and not text.isdigit()


def _spread(table: PrintedTable, n_heads: int) -> Iterator[Sequence[str]]:
    """Yield the heads, those that span columns over each."""
    yield [""] * len(table.rows[0])
    for row in range(n_heads):
        texts = list(table.rows[row])
        for (line, start), span in table.spans.items():
            if line == row:
                texts[start : start + span] = [texts[start]] * span
        yield texts


@dataclass(frozen=True)
class _Row:
    """The row of a run that a printed number may be in."""

    where: Mapping[str, str]
    is_matched: bool
    is_count: bool = False


class _StudyNames:
    """What the heads and rows of a table may be in a study."""

    def __init__(self, study: Study | None, table: PrintedTable) -> None:
        self.study, self.n_columns = study, len(table.rows[0]) - 1 if table.rows else 0
        around = f"{table.caption} {table.notes}"
        self.bracketed = next((name for name, words in BRACKETED if words.search(around)), "std_error")
        self.outcome = ""
        if study is not None:
            named = [one for one in study.roles.outcomes if _plain(self._label(one)) in _plain(table.caption)]
            # Of labels within one another, such as those of emissions and emissions per head, the longest.
            self.outcome = max(named, key=lambda one: len(self._label(one)), default="")
            if len(study.roles.outcomes) == 1:
                self.outcome = study.roles.outcomes[0]

    def _label(self, name: str) -> str:
        variable = self.study.variables.get(name) if self.study else None
        return (variable.label if variable else "") or name

    def columns(self, value: PrintedValue, depth: int) -> Mapping[str, str]:
        """Return the numbers of a cell by the columns of a run that they may be in."""
        if value.ends:
            return dict(zip(("conf_low", "conf_high"), value.ends, strict=True))
        if depth > 1:
            return {}
        return {self.bracketed if value.kind or depth else "estimate": value.text}

    def row(self, label: str, head: str, column: int) -> _Row:
        """Return the row of a run for a printed row and column."""
        is_count = COUNTS.fullmatch(label.strip()) is not None
        if self.study is None:
            term = "const" if CONSTANTS.fullmatch(label.strip()) else label
            return _Row({"estimator": head or f"({column})", "term": term}, bool(label), is_count)
        estimator, term = self._estimator(head, column), self._term(label)
        if is_count and estimator:
            term = self.study.roles.exposure
        outcome = {"outcome": self.outcome} if len(self.study.roles.outcomes) > 1 else {}
        is_matched = bool(estimator and term and self.outcome)
        where = {**outcome, "estimator": estimator or head, "term": term or label}
        return _Row(where, is_matched, is_count)

    def _estimator(self, head: str, column: int) -> str:
        entries = self.study.estimators if self.study else ()
        plain = _plain(re.sub(r"\(\d+\)", "", head))
        for entry in entries:
            if plain and plain in {_plain(entry.id), _plain(entry.label)}:
                return entry.id
        # Without names in its heads, columns are the estimators in their order.
        is_in_order = not plain and len(entries) == self.n_columns
        return entries[column - 1].id if is_in_order else ""

    def _term(self, label: str) -> str:
        if CONSTANTS.fullmatch(label.strip()) or self.study is None:
            return "const"
        roles = self.study.roles
        known = [roles.exposure, *roles.controls, *roles.moderators, *self.study.variables]
        plain = _spellings(label)
        same = (name for name in known if plain & (_spellings(name) | _spellings(self._label(name))))
        return next(same, "")


def _spellings(text: str) -> set[str]:
    """Return the letters of a text with and without the unit in brackets at its end."""
    return {_plain(text), _plain(re.sub(r"\s*\([^()]*\)\s*$", "", text))} - {""}


def _plain(text: str) -> str:
    """Return the letters and digits of a text, in lower case."""
    return re.sub(r"[\W_]+", "", text.casefold())
