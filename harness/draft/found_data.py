"""The data of a first study: how its files are read, by their rows and cells, and the table of them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
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
from harness.draft.columns import RawColumn, WideTable, columns_of, find_stacked, find_wide, likely_keys
from harness.draft.draft import Answers

# What stands for a missing cell among numbers, in small letters.
_MISSING = frozenset(
    {
        *("-", "--", "---", "–", "—", "——", "..", "...", "…", ":"),
        *("n/a", "n.a.", "n.a", "na", "(na)", "nan", "null", "none", "missing", "无", "缺失"),
        *("#n/a", "#na", "#div/0!", "#value!", "#ref!", "#num!", "#null!"),
    }
)

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
    form = _with_missing_texts(reader.look(FileForm(source)), reader)
    return _with_missing_numbers(_with_marks(form, reader), reader)


def said_of(spec: FileSpec) -> Mapping[str, Any]:
    """Return what a spec says of a file but its path and shape, as it is written."""
    return {
        option.name: value
        for option in fields(FileSpec)
        if option.name not in ("path", "reshape")
        and (value := getattr(spec, option.name)) != getattr(FileSpec(), option.name)
    }


def _texts(form: FileForm, reader: FileReader) -> list[tuple[set[str], bool]]:
    """Return the texts of each column that stand for no missing cell, and whether it holds numbers too."""
    frame, missing = reader.read(form.source).frame, {*form.spec.missing_values}
    columns = [frame[name].tolist() for name in frame.columns]
    return [
        (
            {cell.strip() for cell in cells if isinstance(cell, str)} - missing,
            any(isinstance(cell, int | float) and cell == cell for cell in cells),
        )
        for cells in columns
    ]


def _with_missing_texts(form: FileForm, reader: FileReader) -> FileForm:
    """Find texts that stand for missing cells in columns of nothing else but numbers."""
    found: dict[str, None] = {}
    for texts, has_numbers in _texts(form, reader):
        marks = {text for text in texts if text.casefold() in _MISSING}
        numbers = texts - marks
        if marks and (numbers or has_numbers) and all(map(is_marked_number, numbers)):
            found |= dict.fromkeys(sorted(marks))
    return _missing(form, *found)


def _with_marks(form: FileForm, reader: FileReader) -> FileForm:
    """Find separators of thousands, decimal commas and percent signs."""
    numeric = [texts for texts, _ in _texts(form, reader) if texts and all(map(is_marked_number, texts))]
    for option, value in number_marks(set().union(*numeric)).items():
        form = form.saying(option, value, _REMARKS[option])
    return form


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


_VALUE = "value"


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
    said = {"path": first.place(folder), **first.said()}
    if others:
        said["merge"] = [{"path": seen.place(folder), **seen.said(keys)} for seen in others]
    spec = replace(first.spec(), path=said["path"])
    joins = tuple(replace(seen.join(keys), path=seen.place(folder)) for seen in others)
    table = read_table(
        DataSpec(**vars(spec), merge=joins),
        folder=folder,
        given=None,
        datasets={},
        entity=keys.entity or "",
        time=keys.time or "",
    )
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
    table = read_frame(stored, seen.spec(), entity=keys.entity or "", time=keys.time or "", origin=name)
    return FoundData(seen.said(), {}, table, keys)


def _seen_file(path: Path, answers: Answers, folder: DataFolder) -> _Seen:
    reader = folder.reader_of(path, path.name)
    source = Source(path.read_bytes(), path.name, "", "", FileSpec(path=path.name))
    return _Seen.of(path, sniff(source, reader), reader, answers)


@dataclass(frozen=True, eq=False)
class _Seen:
    """A file, whether it is wide, and what its keys seem to be where it is not.

    Attributes
    ----------
    path : resolved
    form : how it is to be read
    table : that comes of it
    wide : how it is made long, where it is wide
    pair : columns of entities and of periods, empty where there seem to be none
    """

    path: Path
    form: FileForm
    table: Table
    wide: WideTable | None
    pair: tuple[str, str]

    @classmethod
    def of(cls, path: Path, form: FileForm, reader: FileReader, answers: Answers) -> _Seen:
        table = read_source(form.source, reader)
        columns = columns_of(table.frame)
        for entity, time in likely_keys(columns.values()):
            if _fits(answers.entity, entity, columns) and _fits(answers.time, time, columns):
                return cls(path, form, table, None, (entity, time))
        known = answers.entity if answers.entity in columns else None
        wide = find_wide(columns, entity=known, value=path.stem)
        stacked = None if wide is not None else find_stacked(columns)
        if stacked is not None:
            return cls(path, form, table, stacked[0], (stacked[0].entity, stacked[1]))
        return cls(path, form, table, wide, ("", ""))

    def keys(self, answers: Answers) -> Answers:
        """Return the answers with the keys that this file, the first, shows."""
        if self.wide is None:
            entity, time = self.pair
            entity, time = answers.entity or entity, answers.time or time
            return replace(answers, entity=entity or None, time=time or None)
        free = "period" if "year" in self.table.frame.columns else "year"
        time = self.pair[1] or answers.time or free
        return replace(answers, entity=self.wide.entity, time=time)

    def said(self, keys: Answers | None = None) -> dict[str, Any]:
        """Return what a spec says of the file but its path; of a further one, how it is joined."""
        said = dict(said_of(self.form.spec))
        if self.wide is not None:
            defaults = vars(Reshape(into=_VALUE))
            said["reshape"] = {
                name: value
                for name, value in vars(self.wide.reshape).items()
                if value is not None and (name == "into" or value != defaults[name])
            }
        if keys is not None:
            join = self.join(keys)
            said |= {"rename": dict(join.rename)} if join.rename else {}
            said |= {"on": list(join.on)} if join.on else {}
        return said

    def place(self, folder: DataFolder) -> str:
        """Return the path as a spec of a folder writes it."""
        return Path(os.path.relpath(self.path, folder.root.resolve())).as_posix()

    def spec(self) -> FileSpec:
        """Return how the file is read."""
        return replace(self.form.spec, reshape=None if self.wide is None else self.wide.reshape)

    def join(self, keys: Answers) -> Join:
        """Return how the file is joined to a first one with these keys."""
        entity, time = (self.wide.entity, "") if self.wide is not None else self.pair
        if not entity and keys.entity in self.table.frame.columns:
            entity = keys.entity or ""  # of a table of entities
        own = {entity: keys.entity, time: keys.time}
        rename = {name: key for name, key in own.items() if name and key and name != key}
        has_time = self.wide is not None or bool(time)
        on = () if has_time or keys.entity is None else (keys.entity,)
        return Join(**{**vars(self.spec()), "rename": rename}, on=on)


def _fits(answer: str | None, name: str, columns: Mapping[str, RawColumn]) -> bool:
    """Return whether a column is the one that was said; a name that the table does not have says nothing."""
    return answer is None or fold_name(answer) not in columns or fold_name(answer) == name
