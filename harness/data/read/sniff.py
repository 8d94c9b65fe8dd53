"""How a file is to be read, seen from its rows and cells: what the ``data`` of a spec must say of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from harness.data.file_spec import MISSING_VALUES, FileSpec
from harness.data.messages import quoted
from harness.data.read.excel import first_sheet_of_width, sheet_names, sheet_rows
from harness.data.read.files import READERS, find_anywhere, read_bytes, refuse_unreadable
from harness.data.read.layout import FileRow, likely_header, likely_skips
from harness.data.read.source import Source
from harness.data.read.text import SEPARATORS, fitting_encodings, read_text, text_rows

_GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2}([,.' ])[0-9]{3}(?:\1[0-9]{3})*(?:([.,])[0-9]*)?", re.ASCII)
_DECIMAL = re.compile(r"[+-]?[0-9]*([,.])[0-9]+", re.ASCII)
_PERCENT = re.compile(r"[+-]?[0-9][0-9.,' ]*\s?[%％]", re.ASCII)
_MISSING = frozenset(
    {
        *("-", "--", "---", "–", "—", "——", "..", "...", "…", ":"),
        *("n/a", "n.a.", "n.a", "na", "(na)", "nan", "null", "none", "missing", "无", "缺失"),
        *("#n/a", "#na", "#div/0!", "#value!", "#ref!", "#num!", "#null!"),
    }
)
"""What stands for a missing cell among numbers, in small letters."""

_MISSING_NUMBERS = (-9, -99, -999, -9999, -99999, -999999)
_FIRST_LINES = 20
_LEAST_COLUMNS = 3
"""Entities and two periods side by side are the narrowest panel."""


@dataclass(frozen=True)
class FileForm:
    """A file and how it is to be read.

    Attributes
    ----------
    path : resolved
    content : its bytes
    spec : what is to be said of it
    remarks : what was seen, by the key of `spec` that it is about
    """

    path: Path
    content: bytes
    spec: FileSpec
    remarks: Mapping[str, str]

    @classmethod
    def of(cls, path: Path) -> FileForm:
        """Look at a file.

        Raises
        ------
        DataError
            Where it cannot be read.
        """
        found = find_anywhere(path)
        refuse_unreadable(found, path.name)
        content = found.read_bytes()
        form = cls(found, content, FileSpec(path=path.name), {})
        return form._with_layout()._with_missing_texts()._with_marks()._with_missing_numbers()

    @property
    def source(self) -> Source:
        """The bytes and how they are to be read, with no column known."""
        return Source(self.content, self.path.name, "", "", self.spec)

    def raw(self) -> pd.DataFrame:
        """Return the cells below the names, as they stand in the file."""
        return READERS[self.path.suffix.lower()](self.source).frame

    def said(self) -> Mapping[str, Any]:
        """Return what is to be said beside the path, as a spec writes it."""
        return {
            option.name: value
            for option in fields(FileSpec)
            if option.name not in ("path", "reshape")
            and (value := getattr(self.spec, option.name)) != getattr(FileSpec(), option.name)
        }

    def saying(self, remarks: Mapping[str, str], **said: Any) -> FileForm:  # noqa: ANN401 - values of a FileSpec
        """Return the form with further things to be said."""
        return replace(self, spec=replace(self.spec, **said), remarks={**self.remarks, **remarks})

    def _with_layout(self) -> FileForm:
        """Find encoding, separator, sheet, the row of names and the rows that are no data."""
        reader = READERS[self.path.suffix.lower()]
        if reader is read_text:
            form = self._with_encoding()._with_separator()
            return form._with_rows(text_rows(form.source))
        if self.path.suffix.lower() == ".xlsx":
            form = self._with_sheet()
            return form._with_rows(sheet_rows(form.source))
        return self

    def _with_encoding(self) -> FileForm:
        try:
            self.content.decode()
        except UnicodeDecodeError:
            fitting = fitting_encodings(self.content)
            others = f"; also possible: {', '.join(fitting[1:])}" if fitting[1:] else ""
            return self.saying({"encoding": f"not UTF-8; look at the names{others}"}, encoding=fitting[0])
        return self

    def _with_separator(self) -> FileForm:
        """Take the mark that stands most evenly in the first lines, where it is no comma."""
        lines = self.content.decode(self.spec.encoding, errors="replace").splitlines()[:_FIRST_LINES]
        counts = {mark: Counter(line.count(mark) for line in lines) for mark in SEPARATORS}
        usual = {
            mark: max(found.items(), key=lambda pair: (pair[1], pair[0]), default=(0, 0))[0]
            for mark, found in counts.items()
        }
        best = max(SEPARATORS, key=lambda mark: (usual[mark] > 0, counts[mark][usual[mark]], mark == ","))
        return self if best == "," or not usual[best] else self.saying({}, separator=best)

    def _with_sheet(self) -> FileForm:
        """Take the first of several sheets that is wide enough for a panel; notes on a file are not."""
        names = sheet_names(self.source)
        if len(names) < 2:
            return self
        sheet = first_sheet_of_width(self.source, names, _LEAST_COLUMNS) or names[0]
        return self.saying({"sheet": f"of {len(names)}: {', '.join(names)}"}, sheet=sheet)

    def _with_rows(self, rows: Sequence[FileRow]) -> FileForm:
        header = likely_header(rows)
        form = self
        if header is not None:
            form = form.saying(
                {"header_row": "the row with the names of the columns"}, header_row=header.number
            )
        first = 1 + (rows.index(header) if header is not None else 0)
        skipped = likely_skips(rows[first:])
        if not skipped:
            return form
        return form.saying({"skip_rows": "no data: units, notes or empty rows"}, skip_rows=skipped)

    def _with_missing_texts(self) -> FileForm:
        """Find texts that stand for missing cells in columns of nothing else but numbers."""
        found: dict[str, None] = {}
        frame = self.raw()
        for name in frame.columns:
            cells = frame[name].tolist()
            texts = {cell.strip() for cell in cells if isinstance(cell, str)} - {*self.spec.missing_values}
            marks = {text for text in texts if text.casefold() in _MISSING}
            numbers = texts - marks
            has_numbers = numbers or any(isinstance(cell, int | float) and cell == cell for cell in cells)
            if marks and has_numbers and all(map(_is_number, numbers)):
                found |= dict.fromkeys(sorted(marks))
        return self._missing(*found)

    def _with_missing_numbers(self) -> FileForm:
        """Find numbers such as -999 that stand for missing cells, in all columns that have them.

        Each has several, and its other numbers are not negative, or closer to each other than to these.
        """
        table = read_bytes(self.content, self.path, origin="", spec=self.spec, entity="", time="").frame
        clear: dict[str, bool] = {}
        for name in table.columns:
            if not pd.api.types.is_numeric_dtype(table[name]) or pd.api.types.is_bool_dtype(table[name]):
                continue
            values = table[name].to_numpy(dtype=np.float64, na_value=np.nan)
            for at, mark in enumerate(_MISSING_NUMBERS):
                others = values[np.isfinite(values) & ~np.isin(values, _MISSING_NUMBERS[at:])]
                n_marks = int((values == mark).sum())
                if n_marks:
                    is_far = others.size and (others.min() >= 0 or others.min() - mark > np.ptp(others) > 0)
                    clear[f"{mark}"] = clear.get(f"{mark}", True) and n_marks > 1 and bool(is_far)
        return self._missing(*(text for text, is_clear in clear.items() if is_clear))

    def _missing(self, *texts: str) -> FileForm:
        """Return the form with further texts that stand for missing cells."""
        if not texts:
            return self
        said = (*self.spec.missing_values, *texts)
        added = quoted(text for text in said if text not in MISSING_VALUES)
        return self.saying(
            {"missing_values": f"{added}: look whether they mean missing"}, missing_values=said
        )

    def _with_marks(self) -> FileForm:
        """Find separators of thousands, decimal commas and percent signs."""
        form = self
        frame = self.raw()
        texts = [
            {cell.strip() for cell in frame[name] if isinstance(cell, str)} - {*self.spec.missing_values}
            for name in frame.columns
        ]
        numeric = [cells for cells in texts if cells and all(map(_is_number, cells))]
        percents = [cells for cells in numeric if any(map(_PERCENT.fullmatch, cells))]
        if percents:
            form = form.saying(
                {"percent": "12.3% is read as 12.3; `fraction` makes it 0.123"}, percent="number"
            )
        cells = {cell.rstrip("%％ ").replace("\u2212", "-") for cells in numeric for cell in cells}
        grouped = [match for cell in cells if (match := _GROUPED.fullmatch(cell))]
        # 0,800 and 1,25 have decimals; 1,800 has them where others of the file do.
        single = [cell for cell in cells if not _GROUPED.fullmatch(cell)]
        decimals = {match[1] for cell in single if (match := _DECIMAL.fullmatch(cell))}
        if "," in decimals and not any(match[1] == "," for match in grouped if match[2] == "."):
            form = form.saying({"decimal": "the mark of decimals"}, decimal=",")
        else:
            decimals |= {"."}
        marks = {match[1] for match in grouped} - decimals
        if len(marks) == 1:
            (mark,) = marks
            form = form.saying({"thousands": "the mark of thousands"}, thousands=mark)
        return form


def _is_number(cell: str) -> bool:
    return bool(
        re.fullmatch(r"[+\u2212-]?[0-9.,' ]*[0-9][0-9.,]*(?:[eE][+-]?[0-9]+)?\s?[%％]?", cell, re.ASCII)
    )
