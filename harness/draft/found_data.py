"""The data of a first study: how its files are read, by their rows and cells, and the table of them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from harness.data.data_spec import MISSING_VALUES, DataSpec, FileSpec, Join, Reshape
from harness.data.messages import quoted
from harness.data.name import fold_name
from harness.data.read.columnar import PARQUET
from harness.data.read.files import DataFolder, find_anywhere, frame_file, read_frame, read_source, read_table
from harness.data.read.number_text import is_marked_number, number_marks
from harness.data.read.source import FileForm, FileReader, Source, Table
from harness.draft.columns import RawColumn, TableShape, columns_of, find_stacked, find_wide, likely_keys
from harness.draft.draft import Answers

# What stands for a missing cell among numbers, in small letters.
_MISSING = {
    *("-", "--", "---", "–", "—", "——", "..", "...", "…", ":"),
    *("n/a", "n.a.", "n.a", "na", "(na)", "nan", "null", "none", "missing", "无", "缺失"),
    *("#n/a", "#na", "#div/0!", "#value!", "#ref!", "#num!", "#null!"),
}

_REMARKS = {
    "percent": "12.3% is read as 12.3; `fraction` makes it 0.123",
    "decimal": "the mark of decimals",
    "thousands": "the mark of thousands",
}

_MISSING_NUMBERS = (-9, -99, -999, -9999, -99999, -999999)


def sniff(source: Source, reader: FileReader) -> FileForm:
    """Look at a file: encoding, separator, sheet, rows of names and of data, missing cells, marks of numbers.

    Parameters
    ----------
    source : its bytes, with nothing said of them

    Raises
    ------
    DataError
        Where it cannot be read.
    """
    form = reader.look(FileForm(source))
    frame, known = reader.read(form.source).frame, {*form.spec.missing_values}
    missing, numeric = dict[str, None](), set[str]()
    for cells in (frame[name].tolist() for name in frame.columns):
        texts = {cell.strip() for cell in cells if isinstance(cell, str)} - known
        marks = {text for text in texts if text.casefold() in _MISSING}
        has_numbers = any(isinstance(cell, int | float) and cell == cell for cell in cells)
        if (texts - marks or has_numbers) and all(map(is_marked_number, texts - marks)):
            missing |= dict.fromkeys(sorted(marks))
            numeric |= texts - marks
    form = _missing(form, *missing)
    for option, value in number_marks(numeric).items():
        form = form.saying(option, value, _REMARKS[option])
    return _with_missing_numbers(form, reader)


def options_of(spec: FileSpec | Reshape) -> dict[str, Any]:
    """Return the options of a spec, but for the path, that differ from their defaults, as written."""
    said = {}
    for option in fields(spec):
        value = getattr(spec, option.name)
        default = option.default if option.default_factory is MISSING else option.default_factory()
        if option.name != "path" and value != default:
            said[option.name] = options_of(value) if isinstance(value, Reshape) else value
    return said


def _with_missing_numbers(form: FileForm, reader: FileReader) -> FileForm:
    """Find numbers such as -999 that stand for missing cells, in all columns that have them.

    Each has several, and its other numbers are not negative, or closer to each other than to these.
    """
    table = read_source(form.source, reader).frame
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
    return _missing(form, *(text for text, is_clear in clear.items() if is_clear))


def _missing(form: FileForm, *texts: str) -> FileForm:
    """Return the form with further texts that stand for missing cells."""
    if not texts:
        return form
    values = (*form.spec.missing_values, *texts)
    added = quoted(text for text in values if text not in MISSING_VALUES)
    return form.saying("missing_values", values, f"{added}: look whether they mean missing")


@dataclass(frozen=True, eq=False)
class FoundData:
    """What a spec says of its data, and what comes of it.

    Attributes
    ----------
    said : the spec's ``data``
    remarks : what was seen, by the key of `said` that it is about
    table : one row an entity and period, where the files show how
    answers : the user's, with the keys that a reshaped table has
    """

    said: Mapping[str, Any]
    remarks: Mapping[str, str]
    table: Table
    answers: Answers


def find_data(paths: Sequence[Path], answers: Answers, *, folder: DataFolder) -> FoundData:
    """Look at files and return how a spec in a folder reads them; those after the first are merged to it.

    Parameters
    ----------
    folder : of the spec; files may lie outside

    Raises
    ------
    DataError
        Where a file cannot be read, or a further one has no column of entities.
    """
    first, *others = (_seen_file(find_anywhere(path), answers, folder) for path in paths)
    keys = first.keys(answers)
    spec, place = first.spec, first.place(folder)
    joins = tuple(seen.join(keys, folder) for seen in others)
    said = {"path": place, **options_of(spec)}
    if joins:
        said["merge"] = [{"path": join.path, **options_of(join)} for join in joins]
    data = DataSpec(**{**vars(spec), "path": place}, merge=joins)
    table = read_table(data, folder=folder, given=None, datasets={}, **_names(keys))
    return FoundData(said, first.form.remarks, table, keys)


def find_frame(frame: pd.DataFrame, answers: Answers, *, name: str) -> FoundData:
    """Look at a script's table, and return what a spec says of it.

    Raises
    ------
    DataError
        Where its columns cannot be stored.
    """
    stored = frame_file(frame)
    path = Path(f"{name}.parquet")
    seen = _Seen.of(path, FileForm(Source(stored.content, path.name, "", "", FileSpec())), PARQUET, answers)
    keys = seen.keys(answers)
    table = read_frame(stored, seen.spec, origin=name, **_names(keys))
    return FoundData(options_of(seen.spec), {}, table, keys)


def _names(keys: Answers) -> dict[str, str]:
    return {"entity": keys.entity or "", "time": keys.time or ""}


def _seen_file(path: Path, answers: Answers, folder: DataFolder) -> _Seen:
    reader = folder.reader_of(path, path.name)
    source = Source(path.read_bytes(), path.name, "", "", FileSpec(path=path.name))
    return _Seen.of(path, sniff(source, reader), reader, answers)


@dataclass(frozen=True, eq=False)
class _Seen:
    """A file, and what its keys and its shape seem to be.

    Attributes
    ----------
    path : resolved
    form : how it is to be read
    table : that comes of it
    """

    path: Path
    form: FileForm
    table: Table
    shape: TableShape

    @classmethod
    def of(cls, path: Path, form: FileForm, reader: FileReader, answers: Answers) -> _Seen:
        table = read_source(form.source, reader)
        columns = columns_of(table.frame)
        for entity, time in likely_keys(columns.values()):
            if _fits(answers.entity, entity, columns) and _fits(answers.time, time, columns):
                return cls(path, form, table, TableShape(entity, time))
        known = answers.entity if answers.entity in columns else None
        wide = find_wide(columns, entity=known, value=path.stem) or find_stacked(columns)
        return cls(path, form, table, wide or TableShape())

    def keys(self, answers: Answers) -> Answers:
        """Return the answers with the keys that this file, the first, shows."""
        shape = self.shape
        if shape.reshape is None:
            entity, time = answers.entity or shape.entity, answers.time or shape.time
            return replace(answers, entity=entity or None, time=time or None)
        free = "period" if "year" in self.table.frame.columns else "year"
        return replace(answers, entity=shape.entity, time=shape.time or answers.time or free)

    def place(self, folder: DataFolder) -> str:
        """Return the path as a spec of a folder writes it."""
        return Path(os.path.relpath(self.path, folder.root.resolve())).as_posix()

    @property
    def spec(self) -> FileSpec:
        """How the file is read."""
        return replace(self.form.spec, reshape=self.shape.reshape)

    def join(self, keys: Answers, folder: DataFolder) -> Join:
        """Return how the file is joined to a first one with these keys, by the spec of a folder."""
        is_wide, entity = self.shape.reshape is not None, self.shape.entity
        time = "" if is_wide else self.shape.time
        if not entity and keys.entity in self.table.frame.columns:
            entity = keys.entity or ""  # of a table of entities
        own = {entity: keys.entity, time: keys.time}
        rename = {name: key for name, key in own.items() if name and key and name != key}
        on = () if is_wide or time or keys.entity is None else (keys.entity,)
        return Join(**{**vars(self.spec), "path": self.place(folder), "rename": rename}, on=on)


def _fits(answer: str | None, name: str, columns: Mapping[str, RawColumn]) -> bool:
    """Return whether a column is the one that was said; a name that the table does not have says nothing."""
    return answer is None or fold_name(answer) not in columns or fold_name(answer) == name
