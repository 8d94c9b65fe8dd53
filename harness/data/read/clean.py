"""From the cells of a file to columns with types, as its spec says: cleaned, counted, shown by examples."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial

import numpy as np
import pandas as pd

from harness.data.data_spec import FileSpec, Reshape
from harness.data.messages import (
    Account,
    RowLocator,
    StepRecord,
    describe_column,
    few,
    quoted,
    require_columns,
)
from harness.data.read.number_text import NUMBER, PLAIN, is_marked_number, number_from_text
from harness.data.read.numbers import numbers_as_text, require_numbers, texts, type_objects, type_texts
from harness.data.read.source import Labels, Reading, Source, check_header
from harness.data.read.text import named_unit
from harness.data.shape.reshape import measured_by, reshape
from harness.data.shape.rows import group_label
from harness.data.shape.times import plain_period
from harness.errors import DataError
from harness.language import COMMAS, Coded, chained, marked


def interpret(reading: Reading, source: Source) -> Reading:
    """Return a table with clean cells, the spec's names of columns, one row an entity and period, and types.

    Raises
    ------
    DataError
        Where a column that the spec names is not there, or does not hold what the spec says.
    """
    names, labels, cleaned = source.spec.rename, reading.labels, list[StepRecord]()
    frame = without_flags(_with_dimensions(reading.frame, source, cleaned), source, cleaned)
    asked = [("data.rename", name) for name in names]
    require_columns(asked, frame.columns, origin=source.origin, remedy="correct the name")
    header = check_header([names.get(name, name) for name in frame.columns], source.origin)
    frame = frame.set_axis(header, axis="columns")
    columns = {names.get(name, name): label for name, label in labels.columns.items()}
    units = {names.get(name, name): unit for name, unit in labels.units.items()}
    codes = {names.get(name, name): of_column for name, of_column in labels.codes.items()}
    frame, codes = _with_labels(frame, codes, source, cleaned)
    categories = codes.keys() - frame.select_dtypes("number")
    for name in _text_columns(frame):
        frame[name] = _cleaned(frame[name], name, source, cleaned)
    for fill in (_outlined, _filled_down):
        frame = fill(frame, source, cleaned)
    records = [*reading.records]
    if source.spec.reshape is not None:
        keys = {"entity": source.entity, "time": source.time}
        frame, record = reshape(frame, source.spec.reshape, **keys, origin=source.origin)
        records.append(record)
        units |= _units_of_values(units, source.spec.reshape)
    if source.spec.period is not None:
        if source.time in frame.columns:
            what = Coded(
                "the table has a column '{time}', and a period is given for all rows", time=source.time
            )
            raise DataError.at(
                Coded("{origin}: data.period", origin=source.origin),
                what,
                marked("one of the two"),
                marked("drop period"),
            )
        frame = frame.assign(**{source.time: str(source.spec.period)})
    for name in _text_columns(frame):
        frame[name] = _typed(frame[name], name, source, reading, cleaned)
    for step in (_without_numbers, _scaled, _without_copies):
        frame = step(frame, source, records)
    measured = set(frame.select_dtypes("number")) - {source.entity, source.time}
    for name in categories & measured:
        del codes[name]  # labels such as "2" are numbers themselves
    bracketed = {name: named_unit(columns.get(name, name)) for name in frame.columns if name in measured}
    for name, (label, unit) in bracketed.items():
        if unit and units.setdefault(name, unit) == unit:
            columns[name] = label
    units = {name: unit for name, unit in units.items() if name in measured}
    return replace(reading, frame=frame, labels=Labels(columns, units, codes), records=(*cleaned, *records))


def without_flags(frame: pd.DataFrame, source: Source, records: list[StepRecord]) -> pd.DataFrame:
    """Return the table without rows of flags, which the IMF tells from those of values by an attribute."""
    is_value = frame.get("Attribute", pd.Series()).map(lambda cell: str(cell).strip() == "Value")
    if is_value.all() or not is_value.any():
        return frame
    detail = Coded("{n} rows with an Attribute other than Value left out", n=int((~is_value).sum()))
    records.append(StepRecord("attribute", "rows", (source.origin,), Account(detail)))
    return frame[is_value]


def _units_of_values(units: Mapping[str, str], requested: Reshape) -> dict[str, str]:
    """Return the units of columns that a reshape makes of columns of one unit."""
    found = {(into, unit) for name, unit in units.items() if (into := measured_by(name, requested))}
    counts = Counter(into for into, _ in found)
    return {into: unit for into, unit in found if counts[into] == 1}


# How Eurostat calls a column of several dimensions, and above its other columns the periods.
_DIMENSIONS = re.compile(r"(?P<names>[^\\]+)\\(?:TIME_PERIOD|time)")


def _with_dimensions(frame: pd.DataFrame, source: Source, records: list[StepRecord]) -> pd.DataFrame:
    """Return the table with each dimension of a column of several, as ``unit,geo`` is, in its own."""
    match = _DIMENSIONS.fullmatch(str(frame.columns[0]))
    if match is None:
        return frame
    names = [name.strip() for name in match["names"].split(",")]
    parts = [str(cell).split(",") for cell in frame.iloc[:, 0]]
    if {len(cells) for cells in parts} != {len(names)}:
        return frame
    shown = ", ".join(names)
    account = Account(Coded("{column} as {columns}", column=match[0], columns=shown))
    records.append(StepRecord("dimensions", shown, (source.origin,), account))
    split = pd.DataFrame(parts, columns=names, index=frame.index, dtype="object")
    return pd.concat([split, frame.iloc[:, 1:]], axis="columns")


def _with_labels(
    frame: pd.DataFrame, codes: Mapping[str, Mapping[object, str]], source: Source, records: list[StepRecord]
) -> tuple[pd.DataFrame, dict[str, Mapping[object, str]]]:
    """Return the table with codes replaced by their labels, and the labels that `require_no_codes` needs.

    A column of which every code in the data has a label of its own is one of categories, as texts of a csv
    are. A column of which only some have labels may hold codes such as 99 for "refused": the spec says so.

    Parameters
    ----------
    codes : labels by code, by column
    """
    asked = [("data.labelled", name) for name in source.spec.labelled]
    require_columns(asked, frame.columns, origin=source.origin, remedy="correct the name")
    for name in source.spec.labelled.keys() - codes.keys():
        where = describe_column(name, origin=source.origin, option="data.labelled")
        what = marked("its values have no labels")
        raise DataError.at(
            where, what, marked("labels, as files of Stata, SPSS and SAS have"), marked("take it out there")
        )
    absent = {float(text) for text in source.spec.missing_values if NUMBER.fullmatch(text)}
    known, replaced = dict[str, Mapping[object, str]](), list[str]()
    for name in [name for name in frame.columns if codes.get(name)]:
        labels = {code: label for code, text in codes[name].items() if (label := plain_blanks(text))}
        found = [code for code in frame[name].dropna().unique().tolist() if code not in absent]
        of_found = [labels.get(code, "") for code in found]
        is_whole = all(of_found) and len({*of_found}) == len(of_found)
        kind = source.spec.labelled.get(name, "category" if is_whole else "")
        if not found or (name == source.time and not all(map(plain_period, of_found))):
            continue
        if isinstance(kind, tuple):
            frame[name] = frame[name].mask(frame[name].isin(kind))
        elif kind == "category":
            texts = {code: labels.get(code) or group_label(code) for code in found}
            frame[name] = frame[name].map(texts).astype("object")
            replaced.append(name)
            known[name] = texts
        elif not kind and any(of_found) and pd.api.types.is_numeric_dtype(frame[name]):
            known[name] = {code: labels[code] for code in found if code in labels}
    if replaced:
        detail = Coded("codes replaced by their labels: {columns}", columns=few(replaced))
        records.append(StepRecord("value_labels", few(replaced), (source.origin,), Account(detail)))
    return frame, known


def _text_columns(frame: pd.DataFrame) -> list[str]:
    is_text = frame.dtypes.map(pd.api.types.is_string_dtype) | (frame.dtypes == "object")
    return list(frame.columns[is_text])


_ZERO_WIDTH = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"))
_BETWEEN_HAN = re.compile(r"(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])")
_WIDE = re.compile(r"[\uff05\uff0b-\uff19]")
_PERCENT = re.compile(r"[+-]?[0-9.,' ]*[0-9.]\s?%", re.ASCII)
_EXAMPLES = 3


def _cleaned(column: pd.Series, name: str, source: Source, records: list[StepRecord]) -> pd.Series:
    """Return a column, (n_obs,), with clean texts, and record by step how many cells were changed."""
    written = [cell for cell in column.tolist() if isinstance(cell, str)]
    is_key = name in (source.entity, source.time)
    as_it_is = () if is_key or source.spec.thousands == "." else filter(PLAIN.fullmatch, set(written))
    now = {text: text for text in set(written).difference(as_it_is)}
    for step, function in _steps(name, source, written):
        after = {text: function(cell) for text, cell in now.items()}
        changed = {text for text, cell in now.items() if after[text] != cell}
        if changed:
            pairs = [(now[text], after[text]) for text in written if text in changed]
            records.append(_record(step, name, pairs, source))
        if changed and step == "percent" and source.spec.percent == "fraction":
            _refuse_mixed(name, [text for text in written if text in changed], written, source.origin)
        now = after
    is_clean = all(text == cell for text, cell in now.items())
    return column if is_clean else column.map(lambda cell: now.get(cell, cell)).astype("object")


def _steps(name: str, source: Source, written: Sequence[str]) -> tuple[tuple[str, Callable[[str], str]], ...]:
    """Return how each text of a column is cleaned, in order; what leaves a text alone returns it as it is."""
    blanks = ("strip_blanks", plain_blanks)
    if name == source.time:
        return (blanks, ("plain_period", lambda text: plain_period(text) or text))
    if name == source.entity:
        return (blanks,)
    flags = partial(_without_flag, source.spec)
    has_flags = source.spec.flags and all(
        _is_number(source.spec, flags(plain_blanks(text))) for text in written
    )
    return (
        blanks,
        *([("flags", flags)] if has_flags else []),
        ("full_width", _plain_width),
        ("minus_sign", _plain_minus),
        ("percent", partial(_without_percent, source.spec)),
        ("thousands", partial(_without_thousands, source.spec)),
        ("decimal", partial(_with_point, source.spec)),
    )


def _record(step: str, name: str, changes: Sequence[tuple[str, str]], source: Source) -> StepRecord:
    """Return how many cells a step changed, and the first of them, from each cell before and after."""
    distinct = list(dict.fromkeys(changes))
    pairs = [Coded("{a} to {b}", a=repr(old), b=repr(new)) for old, new in distinct[:_EXAMPLES]]
    shown = chained([*pairs, *(["..."] if len(distinct) > _EXAMPLES else [])], COMMAS)
    words = marked("1 cell: {shown}") if len(changes) == 1 else marked("{n} cells: {shown}")
    return StepRecord(step, name, (source.origin,), Account(Coded(words, n=len(changes), shown=shown)))


def _refuse_mixed(name: str, with_sign: Sequence[str], written: Sequence[str], origin: str) -> None:
    """Refuse fractions made of per cents next to numbers without the sign, which may be either."""
    bare = [text for text in written if PLAIN.fullmatch(text) and float(text) != 0.0]
    if bare:
        what = Coded(
            "some cells have a percent sign ({marked}), others none ({bare})",
            marked=quoted(with_sign),
            bare=quoted(bare),
        )
        hint = marked("write all cells of the column alike; or say percent: number, if all are per cents")
        raise DataError.at(
            describe_column(name, origin=origin), what, marked("one way of writing throughout"), hint
        )


def plain_blanks(text: str) -> str:
    """Return a text without white space at its ends and between Chinese characters, where it only aligns.

    Full-width, no-break and other blanks, and runs of them, are one ordinary blank; marks of no width go.
    """
    return _BETWEEN_HAN.sub("", " ".join(text.translate(_ZERO_WIDTH).split()))


def _plain_width(text: str) -> str:
    """Return a number in the ordinary width; another text as it is."""
    if not _WIDE.search(text):
        return text
    plain = unicodedata.normalize("NFKC", text)
    return plain if re.fullmatch(r"[+-]?[0-9.,' ]*[0-9.][0-9.]*%?", plain, re.ASCII) else text


def _plain_minus(text: str) -> str:
    """Return a number behind a typographic minus with an ordinary one; another text as it is."""
    return f"-{text[1:]}" if text[:1] == "\u2212" and text[1:2].isdecimal() else text


def _is_number(spec: FileSpec, text: str) -> bool:
    return is_marked_number(text) or text in spec.missing_values


def _without_flag(spec: FileSpec, text: str) -> str:
    """Return a number, or what stands for a missing one, without its flag; another text as it is."""
    match = re.fullmatch(rf"(.+?) ?(?:{'|'.join(spec.flags)})", text)
    return match[1] if match and _is_number(spec, match[1]) else text


def _without_percent(spec: FileSpec, text: str) -> str:
    if spec.percent is None or not _PERCENT.fullmatch(text):
        return text
    number = _with_point(spec, _without_thousands(spec, text[:-1].rstrip()))
    if not PLAIN.fullmatch(number):
        return text
    return number if spec.percent == "number" else format(Decimal(number).scaleb(-2), "f")


def _without_thousands(spec: FileSpec, text: str) -> str:
    if spec.thousands is None or spec.thousands not in text:
        return text
    mark, point = re.escape(spec.thousands), re.escape(spec.decimal)
    grouped = rf"[+-]?[1-9][0-9]{{0,2}}({mark}[0-9]{{3}})+({point}[0-9]*)?"
    return text.replace(spec.thousands, "") if re.fullmatch(grouped, text, re.ASCII) else text


def _with_point(spec: FileSpec, text: str) -> str:
    if spec.decimal == "." or text.count(",") != 1:
        return text
    written = text.replace(",", ".")
    return written if PLAIN.fullmatch(written) else text


def _typed(
    column: pd.Series, name: str, source: Source, reading: Reading, records: list[StepRecord]
) -> pd.Series:
    """Return a column with a type; the column of entities is text as it stands."""
    missing, is_entity = frozenset(source.spec.missing_values), name == source.entity
    cells = [None if is_absent else cell for cell, is_absent in zip(column, column.isna(), strict=True)]
    if reading.cells == "texts":
        as_texts = ["" if cell is None else str(cell) for cell in cells]
        typed = texts(as_texts) if is_entity else type_texts(as_texts, missing)
        return typed.set_axis(column.index)
    numbers = [] if is_entity else numbers_as_text(cells, missing)
    if numbers and name != source.time:
        pairs = [(text, str(number_from_text(text))) for text in numbers]
        records.append(_record("number_from_text", name, pairs, source))
    if not numbers and reading.cells == "typed":
        return column
    as_number = {text: number_from_text(text) for text in numbers}
    cells = [as_number.get(cell, cell) if isinstance(cell, str) else cell for cell in cells]
    return type_objects(cells, frozenset({""}) if is_entity else missing).set_axis(column.index)


def _without_numbers(frame: pd.DataFrame, source: Source, records: list[StepRecord]) -> pd.DataFrame:
    """Return the table without the numbers, such as -999, that stand for missing cells."""
    marks = {float(text): text for text in source.spec.missing_values if NUMBER.fullmatch(text)}
    for name in frame.columns if marks else ():
        column = frame[name]
        if name == source.entity or not pd.api.types.is_numeric_dtype(column):
            continue
        found = column.isin(marks).to_numpy(dtype=np.bool_)
        if found.any():
            frame = frame.assign(**{name: column.astype("float64").mask(found)})
            shown = ", ".join(marks[mark] for mark in sorted(set(column[found].tolist())))
            detail = Coded("{sum} cells with {shown} are read as missing", sum=int(found.sum()), shown=shown)
            records.append(StepRecord("missing_values", str(name), (source.origin,), Account(detail)))
    return frame


def is_empty(cells: pd.DataFrame) -> pd.DataFrame:
    """Return which cells hold nothing."""
    return cells.isin([""]) | cells.isna()


def is_heading(frame: pd.DataFrame, names: Sequence[str]) -> pd.Series:
    """Return which rows hold nothing but one or several of some columns, (n_obs,)."""
    empty = is_empty(frame)
    return empty.drop(columns=[*names]).all(axis="columns") & ~empty[[*names]].all(axis="columns")


def _outlined(frame: pd.DataFrame, source: Source, records: list[StepRecord]) -> pd.DataFrame:
    """Return the table with the names of headings in a column of their own.

    Raises
    ------
    DataError
        Where there is no such column, or the first row is no heading.
    """
    options = [("data.outline", name) for name in source.spec.outline]
    require_columns(options, frame.columns, origin=source.origin, remedy="correct the name")
    for name, into in source.spec.outline.items():
        heads = is_heading(frame, [name])
        what = marked("the first row is no heading, a row that has nothing but this column")
        if not heads.iloc[0] or into in frame.columns:
            what = (
                what if into not in frame.columns else Coded("there is a column '{into}' already", into=into)
            )
            where = describe_column(name, origin=source.origin, option="data.outline")
            raise DataError.at(
                where, what, marked("headings above the rows that they name"), marked("correct data.outline")
            )
        frame = frame.assign(**{into: frame[name].where(heads).ffill()})
        frame = _without_headings(frame, heads, into, source, records)
    return frame


def _without_headings(
    frame: pd.DataFrame, heads: pd.Series, name: str, source: Source, records: list[StepRecord]
) -> pd.DataFrame:
    if heads.any():
        template = marked("{count} rows that hold nothing but a name are headings, and left out")
        records.append(
            StepRecord("headings", name, (source.origin,), Account(Coded(template, count=int(heads.sum()))))
        )
    return frame[~heads]


def _filled_down(frame: pd.DataFrame, source: Source, records: list[StepRecord]) -> pd.DataFrame:
    """Return the table with the cells of some columns filled by those above them.

    Raises
    ------
    DataError
        Where there is no such column, or its first cell is empty.
    """
    names = source.spec.fill_down
    options = [("data.fill_down", name) for name in names]
    require_columns(options, frame.columns, origin=source.origin, remedy="correct the name")
    locator = RowLocator(source.origin, frame, source.entity, source.time)
    heads = is_heading(frame, names)
    for name in names:
        column = frame[name].mask(is_empty(frame[[name]])[name]).ffill()
        expected = marked("a cell to fill down from in the first row")
        hint = marked("take the column out of fill_down")
        absent, what = column.isna().to_numpy(), marked("cells stand above all that hold something")
        locator.refuse(name, absent, what, expected, hint, option="data.fill_down")
        is_filled = column.notna() & (column != frame[name])
        detail = Coded("{count} empty cells hold what stands above them", count=int(is_filled.sum()))
        records.append(StepRecord("fill_down", name, (source.origin,), Account(detail)))
        frame = frame.assign(**{name: column})
    return _without_headings(frame, heads, ", ".join(names), source, records) if names else frame


def _without_copies(frame: pd.DataFrame, source: Source, records: list[StepRecord]) -> pd.DataFrame:
    """Return the table without rows that equal an earlier one, where the spec says so."""
    copies = frame.duplicated().to_numpy() if source.spec.copies == "drop" else np.zeros(len(frame), np.bool_)
    if not copies.any():
        return frame
    locator = RowLocator(source.origin, frame, "", "")
    shown = f"{locator.noun}s {locator.numbers(np.flatnonzero(copies))}"
    template = marked("{count} rows that equal an earlier one dropped: {shown}")
    detail = Coded(template, count=int(copies.sum()), shown=shown)
    records.append(StepRecord("copies", "rows", (source.origin,), Account(detail)))
    return frame[~copies]


def _scaled(frame: pd.DataFrame, source: Source, records: list[StepRecord]) -> pd.DataFrame:
    """Return the table with columns multiplied by the factors of the spec."""
    locator = RowLocator(source.origin, frame, source.entity, source.time)
    options = [("data.scale", name) for name in source.spec.scale]
    require_columns(options, frame.columns, origin=source.origin, remedy="correct the name")
    missing = frozenset(source.spec.missing_values)
    for name, factor in source.spec.scale.items():
        values = require_numbers(frame[name], missing, name=name, locator=locator)
        frame = frame.assign(**{name: values * factor})
        records.append(StepRecord("scale", name, (source.origin,), Account(f"{name} x {factor:.15g}")))
    return frame
