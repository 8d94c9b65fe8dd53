"""The data of a first study: how its files are read, by their rows and cells, and the table of them."""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from harness.data.data_spec import MISSING_VALUES, FileSpec, Join, Reshape
from harness.data.messages import RowLocator, few, quoted
from harness.data.name import fold_name
from harness.data.read.clean import is_empty, is_heading, without_flags
from harness.data.read.columnar import PARQUET, find_catalog
from harness.data.read.files import DataFolder, find_anywhere, frame_file, read_frame, read_source
from harness.data.read.number_text import MISSING_TEXTS, are_years, is_marked_number, number_marks
from harness.data.read.source import FileForm, FileReader, Source, Table
from harness.data.shape.merge import append, merge
from harness.data.shape.reshape import column_pattern
from harness.data.shape.rows import kept_range, read_index, stray_periods, value_text
from harness.data.shape.times import plain_period
from harness.draft.columns import (
    VALUE_NAMES,
    RawColumn,
    TableShape,
    columns_of,
    doubtful_keys,
    find_stacked,
    find_wide,
    likely_keys,
)
from harness.draft.draft import Answers
from harness.errors import DataError
from harness.language import Coded, marked
from harness.language import quoted as named

_REMARKS = {
    "percent": marked("12.3% is read as 12.3; `fraction` makes it 0.123"),
    "decimal": marked("the mark of decimals"),
    "thousands": marked("the mark of thousands"),
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
    frame = without_flags(frame, form.source, [])
    form = _with_flags(form, frame)
    for cells in (frame[name].tolist() for name in frame.columns):
        written = (cell.strip() for cell in cells if isinstance(cell, str))
        texts = {_without_flag(text, form.spec.flags) for text in written} - known
        marks = {text for text in texts if text.casefold() in MISSING_TEXTS}
        has_numbers = any(isinstance(cell, int | float) and cell == cell for cell in cells)
        is_sign = not any(map(str.isalnum, "".join(marks)))  # a year in which nothing was measured
        if (texts - marks or has_numbers or is_sign) and all(map(is_marked_number, texts - marks)):
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
    read = read_source(form.source, reader)
    form, table = _with_labelled(form, read), read.frame
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


def _with_labelled(form: FileForm, table: Table) -> FileForm:
    """Say of columns of numbers, some of which have labels, which of those seem to say that there is none.

    They do where they lie far from the others, such as 99 from 0 to 10, or below zero, where no other does.
    """
    said, shown = dict[str, tuple[float, ...] | str](), list[str]()
    for name, labels in table.labels.codes.items():
        cells = table.frame[name]
        if pd.api.types.is_numeric_dtype(cells):
            others = np.unique(cells[~cells.isin(labels)].dropna().to_numpy(dtype=np.float64))
            step = np.diff(others).min(initial=np.inf)
            low, high = (others.min(initial=np.inf), others.max(initial=-np.inf))
            bottom = 0.0 if low == 0 else low - step
            numbers = [float(str(code)) for code in labels]
            beyond = sorted(number for number in numbers if not bottom <= number <= high + step)
            far = tuple(int(number) if number.is_integer() else number for number in beyond)
            said[name] = (far or "number") if others.size else "category"
            shown.append(f"{name}: {few([f'{code:g} {label}' for code, label in labels.items()])}")
    remark = Coded("look what these codes mean: {codes}", codes=few(shown))
    return form.saying("labelled", said, remark) if said else form


# A number, or what stands for a missing one, with letters behind it that statistical offices use.
_FLAGGED = re.compile(r"(?P<cell>.*?[^a-z ]) ?(?P<flag>[bcdefinprsuz]{1,3})")


def _with_flags(form: FileForm, frame: pd.DataFrame) -> FileForm:
    """Say which letters are flags: those behind less than half of the numbers of a column, or all periods."""
    periods, by_column = column_pattern(frame.columns)[1], defaultdict[str, list[str]](list)
    for name in frame.columns:
        written = [cell.strip() for cell in frame[name] if isinstance(cell, str) and cell.strip()]
        if all(_flagged(text) or _is_numeric(text) for text in written):
            by_column["" if name in periods else name] += written
    flags, n_flagged = set[str](), 0
    for written in by_column.values():
        found = [match["flag"] for text in written if (match := _flagged(text))]
        if 2 * len(found) < len(written):
            flags, n_flagged = flags | {*found}, n_flagged + len(found)
    remark = Coded("behind {n} numbers: left out", n=n_flagged)
    return form.saying("flags", tuple(sorted(flags)), remark) if flags else form


def _is_numeric(text: str) -> bool:
    return is_marked_number(text) or text.casefold() in MISSING_TEXTS


def _flagged(text: str) -> re.Match[str] | None:
    match = _FLAGGED.fullmatch(text)
    return match if match and _is_numeric(match["cell"]) else None


def _without_flag(text: str, flags: Sequence[str]) -> str:
    match = _flagged(text)
    return match["cell"] if match and match["flag"] in flags else text


def _missing(form: FileForm, *texts: str) -> FileForm:
    """Return the form with further texts that stand for missing cells."""
    if not texts:
        return form
    values = (*form.spec.missing_values, *texts)
    added = quoted(text for text in values if text not in MISSING_VALUES)
    remark = Coded("{texts}: look whether they mean missing", texts=added)
    return form.saying("missing_values", values, remark)


@dataclass(frozen=True, eq=False)
class FoundData:
    """What a spec says of its data, and what comes of it.

    Attributes
    ----------
    name : of the first file, without its ending
    said : the spec's ``data``
    remarks : what was seen, by the key of `said` that it is about
    table : one row an entity and period, where the files show how
    answers : the user's, with the keys that a reshaped table has
    left_out : sheets that are not read, with the reason
    sheets : columns of all sheets that hold a table, by name
    other_keys : pairs of columns that may be entity and time as well
    """

    name: str
    said: Mapping[str, Any]
    remarks: Mapping[str, str]
    table: Table
    answers: Answers
    left_out: Mapping[str, str] = field(default_factory=dict)
    other_keys: Sequence[tuple[str, str]] = ()
    sheets: Mapping[str, Mapping[str, RawColumn]] = field(default_factory=dict)

    @property
    def without_stray_periods(self) -> FoundData:
        """It with a rule that leaves out periods that seem to be mistakes; as it is where there are none."""
        frame, entity, time = self.table.frame, self.answers.entity or "", self.answers.time or ""
        if entity not in frame or time not in frame:
            return self
        try:
            index = read_index(RowLocator(self.table.origin, frame, entity, time))
        except DataError:
            return self  # what is wrong with the keys is told when roles are looked for
        if not (stray := stray_periods(index)).any():
            return self
        first, last = (int(end) if end.isdecimal() else end for end in kept_range(index, stray))
        codes, counts = np.unique(index.time.codes[stray], return_counts=True)
        shown = [
            f"{index.time.labels[code]} ({count:,})"
            for code, count in zip(codes.tolist(), counts.tolist(), strict=True)
        ]
        words = marked(
            "leaves out periods far from the others, with their rows: {periods}; correct them in the file"
        )
        remark = Coded(words, periods=few(shown))
        kept = np.sort(index.order[~stray])
        return replace(
            self,
            said={**self.said, "rows": {time: {"from": first, "to": last}}},
            remarks={**self.remarks, "rows": remark},
            table=replace(self.table, frame=frame.iloc[kept]),
        )


def find_data(paths: Sequence[Path], answers: Answers, *, folder: DataFolder) -> FoundData:
    """Look at files and return how a spec in a folder reads them, with the sheets of workbooks.

    The first table of entities and periods is the one that all others are merged to.

    Parameters
    ----------
    folder : of the spec; files may lie outside

    Raises
    ------
    DataError
        Where a file cannot be read, has no column of the entities, or not a sheet that is chosen.
    """
    tables, left_out = list[_Seen](), dict[str, str]()
    for path in paths:
        found, refused = _seen_tables(find_anywhere(path), answers, folder)
        tables += found
        left_out |= refused
    sheets = {seen.sheet: seen.columns for seen in tables if seen.sheet}
    if answers.sheets:
        _require_sheets(answers.sheets, sheets)
        left_out.update(dict.fromkeys(sheets.keys() - {*answers.sheets}, "not chosen"))
        tables = [seen for seen in tables if not seen.sheet or seen.sheet in answers.sheets]
    first = next((seen for seen in tables if seen.is_panel), tables[0])
    keys = first.keys(answers)
    entity, time = keys.entity or "", keys.time or ""
    read = partial(folder.read, entity=entity, time=time)
    spec, entities = first.file(keys, folder), first.names(entity)
    others = [seen.sharing(entities) for seen in tables if seen is not first]
    below = [seen for seen in others if spec.period and seen.form.spec.period]
    later, joins = [seen.file(keys, folder) for seen in below], list[Join]()
    table = append(read(spec), list(map(read, later)), entity=entity, time=time) if later else read(spec)
    for seen in (seen for seen in others if seen not in below):
        join, where = seen.join(keys, folder, table.frame.columns), f"data.merge[{len(joins)}]"
        try:
            table = merge(table, read(join), join, entity=entity, time=time, path=where)
            joins.append(join)
        except DataError as error:
            if not seen.sheet:
                raise
            strange = entities.isdisjoint(seen.names(seen.shape.entity))
            words = marked("no column has the values of '{entity}'")
            left_out[seen.sheet] = Coded(words, entity=named(entity)) if strange else error.what
    said = _said(spec) | {
        option: list(map(_said, files)) for option, files in (("append", later), ("merge", joins)) if files
    }
    doubts = () if answers.entity or answers.time else doubtful_keys(first.columns.values())
    whole = FoundData(paths[0].stem, said, first.form.remarks, table, keys, left_out, doubts, sheets)
    return whole.without_stray_periods


def _require_sheets(names: Sequence[str], sheets: Mapping[str, object]) -> None:
    """Raise a DataError where a name is none of the sheets."""
    for name in names:
        if name not in sheets:
            what = Coded("no sheet '{name}' holds a table", name=name)
            hint = marked("name one of these") if sheets else marked("name no sheet")
            raise DataError.at("sheet", what, few([*sheets]) or marked("a workbook with this sheet"), hint)


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
    spec = replace(seen.form.spec, reshape=seen.shape.reshape)
    table = read_frame(stored, spec, entity=keys.entity or "", time=keys.time or "", origin=name)
    doubts = () if answers.entity or answers.time else doubtful_keys(seen.columns.values())
    whole = FoundData(name, options_of(spec), seen.form.remarks, table, keys, other_keys=doubts)
    return whole.without_stray_periods


def _said(file: FileSpec) -> dict[str, Any]:
    return {"path": file.path, **options_of(file)}


def _seen_tables(path: Path, answers: Answers, folder: DataFolder) -> tuple[list[_Seen], dict[str, str]]:
    """Return what a file holds, or each of its sheets, and why other sheets hold no table.

    The only sheet of a workbook has no name in the spec unless it is chosen by it.
    """
    reader = folder.reader_of(path, path.name)
    catalog = find_catalog(path)
    labels, spec = path.with_name(catalog).read_bytes() if catalog else b"", FileSpec(path.name, catalog)
    source = Source(path.read_bytes(), path.name, "", "", spec, labels)
    found, refused, sheets = list[_Seen](), dict[str, DataError](), reader.sheets(source)
    if len(sheets) == 1 and sheets[0] not in answers.sheets:
        sheets = []
    for sheet in sheets or (None,):
        of_sheet = replace(source, spec=replace(source.spec, sheet=sheet))
        try:
            found.append(_Seen.of(path, sniff(of_sheet, reader), reader, answers).dated)
        except DataError as error:
            refused[sheet or path.name] = error
    if not found:
        raise next(iter(refused.values()))
    return _named_by_sheet(found), {sheet: error.what for sheet, error in refused.items() if sheets}


def _named_by_sheet(tables: list[_Seen]) -> list[_Seen]:
    """Return the tables of a file, those whose only column of values says nothing called as their sheets."""
    values = [seen.measured if seen.shape.reshape is None and seen.is_panel else [] for seen in tables]
    counts = Counter(name for names in values for name in names)
    return [
        seen.renamed({names[0]: seen.sheet})
        if seen.sheet and len(names) == 1 and (counts[names[0]] > 1 or names[0].casefold() in VALUE_NAMES)
        else seen
        for seen, names in zip(tables, values, strict=True)
    ]


@dataclass(frozen=True, eq=False)
class _Seen:
    """A file or a sheet, and what its keys and its shape seem to be.

    Attributes
    ----------
    path : resolved
    form : how it is to be read
    columns : of the table that comes of it, by name
    """

    path: Path
    form: FileForm
    columns: Mapping[str, RawColumn]
    shape: TableShape

    @classmethod
    def of(cls, path: Path, form: FileForm, reader: FileReader, answers: Answers) -> _Seen:
        frame, value = read_source(form.source, reader).frame, form.subject or form.spec.sheet or path.stem
        raw = cls(path, form, columns := columns_of(frame), _shape(columns, answers, value=value))
        if raw.is_panel:
            return raw
        for changed, table in _mended(form, frame, columns, reader):
            columns = columns_of(table)
            shape = _shape(columns, answers, value=value)
            if shape.reshape is None and shape.entity and shape.time:
                return cls(path, changed, columns, shape)
        return raw

    @property
    def sheet(self) -> str:
        """Name of the sheet, of a workbook that has several."""
        return self.form.spec.sheet or ""

    @property
    def is_panel(self) -> bool:
        """Whether it has entities and periods."""
        return bool(self.shape.entity) and (bool(self.shape.time) or self.shape.reshape is not None)

    @property
    def measured(self) -> list[str]:
        """Columns of numbers of a table of entities and periods, without keys and codes of entities."""
        codes, keys = self.columns[self.shape.entity].codes, (self.shape.entity, self.shape.time)
        numbers = {name: column for name, column in self.columns.items() if column.kind == "number"}
        varying = (name for name, column in numbers.items() if not column.is_constant_within(codes))
        return [name for name in varying if name not in keys]

    @property
    def dated(self) -> _Seen:
        """It as rows of one period, where it has no periods and its sheet is called as one."""
        period = plain_period(self.sheet)
        names = [column for column in self.columns.values() if column.may_be_entity]
        names = [column for column in names if column.n_values == column.codes.size]
        if (
            self.is_panel
            or not names
            or period is None
            or (period.isdecimal() and not are_years(int(period)))
        ):
            return self
        entity = min(names, key=lambda column: column.entity_rank).name
        return replace(self, form=self.form.saying("period", period), shape=TableShape(entity, "year"))

    def names(self, column: str) -> set[str]:
        """Return the values of a column as texts, without zeros in front, which codes may lose."""
        cells = self.columns[column].cells.dropna().unique() if column in self.columns else ()
        return {value_text(cell).lstrip("0") for cell in cells}

    def sharing(self, names: set[str]) -> _Seen:
        """Return it with the column for the entity that has most of these names; as it is where none has."""
        shared = {column: len(names & self.names(column)) for column in self.columns}
        best = max(shared, key=lambda column: (shared[column], column == self.shape.entity))
        if not shared[best] or best == self.shape.entity:
            return self
        shape = _shape(self.columns, Answers(entity=best), value=self.sheet or self.path.stem)
        return replace(self, shape=shape if shape.entity else TableShape(best))

    def renamed(self, names: Mapping[str, str]) -> _Seen:
        """Return it with other names of columns, which its spec says."""
        columns = {names.get(name, name): column for name, column in self.columns.items()}
        return replace(self, form=self.form.saying("rename", dict(names)), columns=columns)

    def keys(self, answers: Answers) -> Answers:
        """Return the answers with the keys that this file, the first, shows."""
        shape = self.shape
        if shape.reshape is None:
            entity, time = answers.entity or shape.entity, answers.time or shape.time
            return replace(answers, entity=entity or None, time=time or None)
        free = "period" if "year" in self.columns else "year"
        return replace(answers, entity=shape.entity, time=shape.time or answers.time or free)

    def place(self, folder: DataFolder) -> str:
        """Return the path as a spec of a folder writes it."""
        return Path(os.path.relpath(self.path, folder.root.resolve())).as_posix()

    def file(self, keys: Answers, folder: DataFolder) -> FileSpec:
        """Return how it is read by a spec of a folder, with keys that are called like these."""
        time = "" if self.shape.reshape or self.form.spec.period else self.shape.time
        own = {self.shape.entity: keys.entity, time: keys.time}
        changed = {name: key for name, key in own.items() if name and key and name != key}
        rename = {**self.form.spec.rename, **changed}
        path, catalog = self.place(folder), self.form.spec.catalog
        beside = catalog and Path(path).with_name(catalog).as_posix()
        return replace(self.form.spec, path=path, catalog=beside, reshape=self.shape.reshape, rename=rename)

    def join(self, keys: Answers, folder: DataFolder, taken: Iterable[str]) -> Join:
        """Return how it is joined to a first table with these keys, by the spec of a folder.

        Parameters
        ----------
        taken : columns that are there already; texts, such as a sheet's unit, are not joined again
        """
        file = self.file(keys, folder)
        on = () if self.is_panel or keys.entity is None else (keys.entity,)
        return Join(**vars(file), on=on, columns=self._new(taken, file.rename))

    def _new(self, taken: Iterable[str], rename: Mapping[str, str]) -> tuple[str, ...]:
        """Return the columns to join; none, which stands for all, where no text is there already."""
        reshape = self.shape.reshape
        again = {name for name in taken if name in self.columns and self.columns[name].kind == "text"}
        again -= {self.shape.entity, self.shape.time, *rename}
        if not again or (reshape is not None and reshape.into is None):
            return ()
        periods = column_pattern(self.columns)[1] if reshape else ()
        gone = {*again, *periods, self.shape.entity, self.shape.time}
        kept = [name for name in self.columns if name not in gone]
        return (*kept, reshape.into) if reshape and reshape.into else tuple(kept)


def _mended(
    form: FileForm, frame: pd.DataFrame, columns: Mapping[str, RawColumn], reader: FileReader
) -> Iterator[tuple[FileForm, pd.DataFrame]]:
    """Yield a table without copies of rows, with keys filled down or taken from headings, and with both.

    Each comes with how the file is to be read.
    """
    once = tuple(name for name, column in columns.items() if _is_written_once(column))
    remark = marked("empty cells hold what stands above them: look whether they mean that")
    forms = [form, *([form.saying("fill_down", once, remark)] if once else [])]
    for name in filter(partial(_is_outline, frame), columns):
        into = name.split("/")[0].strip()
        remark = Coded("cells of '{name}' in rows without anything else name a group", name=named(name))
        forms.append(form.saying("outline", {name: into if into not in columns else "group"}, remark))
    for changed in forms:
        table = frame if changed is form else read_source(changed.source, reader).frame
        if changed is not form:
            yield changed, table
        n_copies = int(table.duplicated().sum())
        if n_copies:
            remark = Coded("{n} rows equal an earlier one in all columns", n=f"{n_copies:,}")
            yield changed.saying("copies", "drop", remark), table.drop_duplicates()


def _is_outline(frame: pd.DataFrame, name: str) -> bool:
    """Return whether a column names groups in rows of their own, from the first on, and has no empty cell."""
    heads = is_heading(frame, [name])
    return (
        bool(heads.iloc[0])
        and 1 < heads.sum() < len(frame) / 2
        and not is_empty(frame[[name]]).any(axis=None)
    )


def _is_written_once(column: RawColumn) -> bool:
    """Return whether texts or whole numbers may stand for the empty cells, most of all, below them."""
    is_key = column.kind == "text" or column.is_whole
    return is_key and column.codes[0] >= 0 and 2 * column.n_missing >= column.codes.size


def _shape(columns: Mapping[str, RawColumn], answers: Answers, *, value: str) -> TableShape:
    """Return what the keys of a table seem to be; `value` names the cells of one that does not say."""
    for entity, time in likely_keys(columns.values()):
        if _fits(answers.entity, entity, columns) and _fits(answers.time, time, columns):
            return TableShape(entity, time)
    known = answers.entity if answers.entity in columns else None
    return find_wide(columns, entity=known, value=value) or find_stacked(columns) or TableShape()


def _fits(answer: str | None, name: str, columns: Mapping[str, RawColumn]) -> bool:
    """Return whether a column is the one that was said; a name that the table does not have says nothing."""
    return answer is None or fold_name(answer) not in columns or fold_name(answer) == name
