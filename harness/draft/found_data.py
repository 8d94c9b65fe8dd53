"""The data of a first study: how its files are read, and the table that comes of them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from harness.data.data_spec import DataSpec, Join
from harness.data.file_spec import FileSpec, Reshape
from harness.data.name import fold_name
from harness.data.read.files import FRAME_FILE, DataFolder, frame_file, read_bytes
from harness.data.read.read_table import read_table
from harness.data.read.sniff import FileForm
from harness.data.read.table import Table
from harness.draft.column import RawColumn
from harness.draft.draft import Answers
from harness.draft.keys import WideTable, find_stacked, find_wide, likely_keys, may_be_time, texts_of

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


def find_data(paths: Sequence[Path], answers: Answers, *, folder: Path) -> FoundData:
    """Look at files and return how a spec in a folder reads them; those after the first are merged to it.

    Raises
    ------
    DataError
        Where a file cannot be read, or a further one has no column of entities.
    """
    first, *others = (_Seen.of(FileForm.of(path), answers) for path in paths)
    keys = first.keys(answers)
    said = {"path": _place(first.form, folder), **first.said()}
    if others:
        said["merge"] = [{"path": _place(seen.form, folder), **seen.said(keys)} for seen in others]
    spec = replace(first.spec(), path=said["path"])
    joins = tuple(replace(seen.join(keys), path=_place(seen.form, folder)) for seen in others)
    table = read_table(
        DataSpec(**vars(spec), merge=joins),
        folder=DataFolder(folder, allow_outside=True),
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
    content = frame_file(frame).content
    form = FileForm(Path(f"{name}.parquet"), content, FileSpec(), {})
    seen = _Seen.of(form, answers)
    keys = seen.keys(answers)
    table = read_bytes(
        content,
        Path(FRAME_FILE),
        origin=name,
        spec=seen.spec(),
        entity=keys.entity or "",
        time=keys.time or "",
    )
    return FoundData(seen.said(), {}, table, keys)


@dataclass(frozen=True, eq=False)
class _Seen:
    """A file, whether it is wide, and what its keys seem to be where it is not.

    Attributes
    ----------
    pair : columns of entities and of periods, empty where there seem to be none
    """

    form: FileForm
    table: Table
    wide: WideTable | None
    pair: tuple[str, str]

    @classmethod
    def of(cls, form: FileForm, answers: Answers) -> _Seen:
        table = read_bytes(form.content, form.path, origin=form.path.name, spec=form.spec, entity="", time="")
        frame = table.frame
        columns = {str(name): RawColumn.of(str(name), frame[name]) for name in frame.columns}
        texts = texts_of(frame)
        pairs = [
            pair
            for pair in likely_keys(tuple(columns.values()), texts)
            if _fits(answers.entity, pair[0], columns) and _fits(answers.time, pair[1], columns)
        ]
        times = [column for column in columns.values() if may_be_time(column, texts[column.name])]
        known = answers.entity if answers.entity in columns else None
        wide = None
        if not pairs:
            wide = find_wide(frame, entity=known, value=_stem(form)) or find_stacked(columns, times)
        if wide is not None and wide.reshape.value is not None:
            return cls(form, table, wide, (wide.entity, times[0].name))
        return cls(form, table, wide, pairs[0] if pairs else ("", ""))

    def keys(self, answers: Answers) -> Answers:
        """Return the answers with the keys that this file, the first, shows."""
        if self.wide is None:
            entity, time = self.pair
            return replace(
                answers, entity=answers.entity or entity or None, time=answers.time or time or None
            )
        time = self.pair[1] or answers.time or self._free_time()
        return replace(answers, entity=self.wide.entity, time=time)

    def said(self, keys: Answers | None = None) -> dict[str, Any]:
        """Return what a spec says of the file beside its path; of a further one, how it is joined."""
        said = dict(self.form.said())
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

    def spec(self) -> FileSpec:
        """Return how the file is read."""
        return replace(self.form.spec, reshape=None if self.wide is None else self.wide.reshape)

    def join(self, keys: Answers) -> Join:
        """Return how the file is joined to a first one with these keys."""
        entity, time = (self.wide.entity, "") if self.wide is not None else self.pair
        entity = entity or self._entity(keys)
        own = {entity: keys.entity, time: keys.time}
        rename = {name: key for name, key in own.items() if name and key and name != key}
        has_time = self.wide is not None or bool(time)
        on = () if has_time or keys.entity is None else (keys.entity,)
        return Join(**{**vars(self.spec()), "rename": rename}, on=on)

    def _entity(self, keys: Answers) -> str:
        """Return the column of a table of entities that the first file calls by the same name."""
        return keys.entity if keys.entity and keys.entity in self.table.frame.columns else ""

    def _free_time(self) -> str:
        return "period" if "year" in self.table.frame.columns else "year"


def _fits(answer: str | None, name: str, columns: Mapping[str, RawColumn]) -> bool:
    """Return whether a column is the one that was said; a name that the table does not have says nothing."""
    return answer is None or fold_name(answer) not in columns or fold_name(answer) == name


def _stem(form: FileForm) -> str:
    return form.path.stem


def _place(form: FileForm, folder: Path) -> str:
    return Path(os.path.relpath(form.path, folder.resolve())).as_posix()
