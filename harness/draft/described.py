"""The columns of a data file in numbers, for those who choose what plays which part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from harness.data.shape.rows import value_text
from harness.draft.columns import RawColumn, columns_of, likely_keys
from harness.draft.draft import Draft
from harness.draft.found_data import FoundData

# Bars of a histogram, and commonest texts that are counted; rows of a sheet that are shown.
BARS, ROWS = 12, 3


@dataclass(frozen=True)
class DescribedColumn:
    """A column as it was read.

    Attributes
    ----------
    label, unit : as the file has them; empty where it has none
    kind : of its cells
    n_missing, n_values : cells that hold nothing, and different values
    low, high : the least and the greatest number, or text
    bars : rows in each of `BARS` intervals of equal width, or of each of its commonest texts
    part : that a draft gives it, such as ``entity``; empty where it has none
    reason : why a draft leaves it out
    """

    name: str
    label: str
    unit: str
    kind: Literal["number", "text", "empty"]
    n_missing: int
    n_values: int
    low: str
    high: str
    bars: tuple[int, ...]
    part: str = ""
    reason: str = ""


@dataclass(frozen=True)
class DescribedSheet:
    """A sheet of a workbook that has several.

    Attributes
    ----------
    n_rows, columns : of its table, as it was read; none where it holds no table
    rows : the first of them
    reason : why it is left out; empty where it is not
    """

    name: str
    n_rows: int
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    reason: str = ""


def described_sheets(data: FoundData) -> list[DescribedSheet]:
    """Return the sheets of the data's workbooks, those without a table last."""
    read = [
        DescribedSheet(
            name,
            next(iter(columns.values())).codes.size,
            tuple(columns),
            tuple(zip(*map(_first_cells, columns.values()), strict=True)),
            data.left_out.get(name, ""),
        )
        for name, columns in data.sheets.items()
    ]
    without = {name: reason for name, reason in data.left_out.items() if name not in data.sheets}
    return [*read, *(DescribedSheet(name, 0, (), (), reason) for name, reason in without.items())]


def _first_cells(column: RawColumn) -> list[str]:
    cells, codes = column.cells.iloc[:ROWS].tolist(), column.codes[:ROWS].tolist()
    return [value_text(cell) if code >= 0 else "" for cell, code in zip(cells, codes, strict=True)]


def described_columns(data: FoundData, draft: Draft | None = None) -> list[DescribedColumn]:
    """Return the columns of the data in their order, with what a draft makes of them where there is one."""
    columns, labels = columns_of(data.table.frame), data.table.labels
    reasons = {} if draft is None else draft.left_out
    parts = _likely_keys(data, columns) if draft is None else _parts(draft)
    return [
        DescribedColumn(
            name,
            str(labels.columns.get(name, "")),
            str(labels.units.get(name, "")),
            column.kind,
            column.n_missing,
            column.n_values,
            *_ends(column),
            _bars(column),
            parts.get(name, ""),
            reasons.get(name, ""),
        )
        for name, column in columns.items()
    ]


def _likely_keys(data: FoundData, columns: dict[str, RawColumn]) -> dict[str, str]:
    likely = next(iter(likely_keys(columns.values())), ("", ""))
    answers = data.answers
    return {answers.entity or likely[0]: "entity", answers.time or likely[1]: "time"}


def _parts(draft: Draft) -> dict[str, str]:
    single = ("entity", "time", "outcome", "exposure", "group")
    return dict.fromkeys(draft.controls, "control") | {getattr(draft, part): part for part in single}


def _ends(column: RawColumn) -> tuple[str, str]:
    if column.kind == "number":
        numbers = column.numbers[np.isfinite(column.numbers)]
        return f"{numbers.min():.6g}", f"{numbers.max():.6g}"
    texts = column.texts
    return (min(texts), max(texts)) if texts else ("", "")


def _bars(column: RawColumn) -> tuple[int, ...]:
    if column.kind == "number":
        numbers = column.numbers[np.isfinite(column.numbers)]
        return tuple(np.histogram(numbers, bins=BARS)[0].tolist())
    present = column.codes[column.codes >= 0]
    return tuple(sorted(np.bincount(present).tolist(), reverse=True)[:BARS])
