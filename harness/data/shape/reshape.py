"""Long from wide: rows of entities and periods from a table that has periods or variables side by side."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import pandas as pd

from harness.data.data_spec import PERIOD, SHORT_YEAR, VARIABLE, Reshape
from harness.data.messages import Account, StepRecord, few, require_columns
from harness.data.read.number_text import are_years
from harness.data.shape.times import plain_period
from harness.errors import DataError
from harness.language import Coded, marked

# What is read as a period in the names of columns, as a group of that name.
PERIOD_PATTERN = r"(?P<period>[0-9０-９]{4}(?:年度?|[-.]?[Qq][1-4]|[-.Mm][0-9]{1,2}|\s?\[YR[0-9]{4}\])?)"

_NAMED_BY_PERIOD = re.compile(rf"(?P<before>.*?)(?<![0-9]){PERIOD_PATTERN}(?![0-9])(?P<after>.*)")
_YEAR_PATTERN = "(?<![0-9])(?P<period>[0-9]{2})"
_NAMED_BY_YEAR = re.compile(f"(?P<before>.+){_YEAR_PATTERN}")


def column_pattern(names: Iterable[str]) -> tuple[str | None, Sequence[str]]:
    """Return how columns of periods are named, and which they are; None where there are not several."""
    matches = {name: match for name in names if (match := _NAMED_BY_PERIOD.fullmatch(name))}
    found = {name: match for name, match in matches.items() if are_years(int(match["period"][:4]))}
    befores, afters = (list({match[part] for match in found.values()}) for part in ("before", "after"))
    pattern = None
    if len({match["period"] for match in found.values()}) < 2:
        pass
    elif befores == [""] and len(afters) == 1:
        pattern = f"{PERIOD}{afters[0]}"
    elif len(afters) == 1 and all(befores):
        mark = _common_mark(befores, r"[ _.\-]*$")
        pattern = f"{VARIABLE}{mark}{PERIOD}{afters[0]}"
    elif len(befores) == 1 and all(afters):
        mark = _common_mark(afters, r"^[ _.\-]*")
        pattern = f"{befores[0]}{PERIOD}{mark}{VARIABLE}"
    return (pattern, list(found)) if pattern else _short_years(names)


def _short_years(names: Iterable[str]) -> tuple[str | None, Sequence[str]]:
    """Return the same of columns that end in two digits, of which each variable has the same years."""
    found = {name: match for name in names if (match := _NAMED_BY_YEAR.fullmatch(name))}
    years: dict[str, set[str]] = {}
    for match in found.values():
        years.setdefault(match["before"], set()).add(match["period"])
    if len({frozenset(of_variable) for of_variable in years.values()}) != 1 or len(found) == len(years):
        return None, []
    mark = _common_mark(list(years), r"[ _.\-]*$")
    return f"{VARIABLE}{mark}{SHORT_YEAR}", list(found)


def _common_mark(texts: Sequence[str], end: str) -> str:
    """Return the marks that all texts have at an end, a pattern; none where they have different ones."""
    marks = {match[0] for text in texts if (match := re.search(end, text))}
    return marks.pop() if len(marks) == 1 else ""


_ROW = "\0row"  # no file has such a column, since names are free of control characters


def reshape(
    frame: pd.DataFrame, requested: Reshape, *, entity: str, time: str, origin: str
) -> tuple[pd.DataFrame, StepRecord]:
    """Return the long form of a table, each row numbered as the file's it comes from, and what was done.

    Parameters
    ----------
    frame : of cells as they are in the file
    entity : column of entities, which the table has
    time : name of the column of periods; the table has it only where `requested.value` is given

    Raises
    ------
    DataError
        Where columns that are requested are not there, or two cells say the same variable of the same entity
        and period.
    """
    where = Coded("{origin}: data.reshape", origin=origin)
    needed = filter(None, (entity, *requested.variables, requested.value, time if requested.value else None))
    options = [("data.reshape", column) for column in needed]
    require_columns(options, frame.columns, origin=origin, remedy="correct the name, or use rename")
    if requested.value is None and time in frame.columns:
        what = Coded("the table has a column '{time}' already, next to columns of periods", time=time)
        raise DataError.at(where, what, marked("periods in one place"), marked("give value, or drop reshape"))
    numbered = frame.assign(**{_ROW: frame.index})
    named = _long(numbered, requested, time=time, where=where) if requested.value is None else numbered
    value = requested.value or requested.into or "\0value"
    variable = "\0variable"
    if requested.variables:
        parts = [named.pop(name) for name in requested.variables]
        named[variable] = [" ".join(map(str, names)) for names in zip(*parts, strict=True)]
    long = named if requested.into else _spread(named, variable, value, entity=entity, time=time, where=where)
    long = long.sort_values([_ROW, time], kind="stable") if requested.value is None else long
    made = [requested.into] if requested.into else sorted(set(map(str, named[variable].dropna())))
    detail = Coded(
        "{n} rows x {n_columns} columns to {n_long} rows of {entity} and {time}",
        n=len(frame),
        n_columns=frame.shape[1],
        n_long=len(long),
        entity=entity,
        time=time,
    )
    record = StepRecord("reshape", few(made), (origin,), Account(detail))
    rows = pd.Index(long.pop(_ROW), name=frame.index.name)
    return long.set_axis(rows, axis="index"), record


def _long(frame: pd.DataFrame, requested: Reshape, *, time: str, where: str) -> pd.DataFrame:
    """Return the table with a row for each column of a period."""
    found = {name: match for name in frame.columns if (match := _matched(str(name), requested))}
    if not found:
        shown = few([str(name) for name in frame.columns if name != _ROW])
        what = Coded("no column is named like '{columns}'", columns=requested.columns)
        raise DataError.at(
            where,
            what,
            Coded("columns such as those of the table: {shown}", shown=shown),
            marked("correct columns"),
        )
    kept = [name for name in frame.columns if name not in found]
    if requested.into in (time, *kept):
        what = Coded("the values are to be called '{into}', as another column is", into=requested.into)
        hint = marked("give another name by into, or let entity and time be others")
        raise DataError.at(where, what, marked("a name that no other column has"), hint)
    value = requested.into or "\0value"
    long = frame.melt(id_vars=kept, value_vars=list(found), var_name="\0column", value_name=value)
    column = long.pop("\0column")
    long[time] = column.map(lambda name: _period(found[name]["period"]))
    if VARIABLE in requested.columns:
        long["\0variable"] = column.map(lambda name: found[name]["variable"].strip())
    return long


def _matched(name: str, requested: Reshape) -> re.Match[str] | None:
    """Return the parts of the name of a column of a period; None of another column."""
    pattern = re.escape(requested.columns).replace(re.escape(PERIOD), PERIOD_PATTERN)
    pattern = pattern.replace(re.escape(SHORT_YEAR), _YEAR_PATTERN)
    return re.fullmatch(pattern.replace(re.escape(VARIABLE), "(?P<variable>.+?)"), name)


def measured_by(name: str, requested: Reshape) -> str | None:
    """Return the variable that a column of a period holds, where its name or the reshape says it."""
    match = None if requested.value else _matched(name, requested)
    return match and (requested.into or match.groupdict().get("variable", "").strip() or None)


def _period(written: str) -> str | None:
    """Return the period in the name of a column; two digits are a year from 1950 to 2049."""
    if len(written) > 2:
        return plain_period(written)
    return f"{'20' if int(written) < 50 else '19'}{written}"


def _spread(
    long: pd.DataFrame, variable: str, value: str, *, entity: str, time: str, where: str
) -> pd.DataFrame:
    """Return the table with a column for each variable."""
    keys = [entity, time]
    twice = long[long.duplicated([*keys, variable], keep=False)]
    if not twice.empty:
        first = twice.iloc[0]
        alike = (twice[[*keys, variable]] == first[[*keys, variable]]).all(axis=1)
        rows = few(list(map(str, twice.loc[alike, _ROW])))
        what = Coded(
            "{n} cells say a variable of the same entity and period more than once, first '{variable}' "
            "of {entity} in {time} (rows {rows})",
            n=len(twice),
            variable=first[variable],
            entity=first[entity],
            time=first[time],
            rows=rows,
        )
        hint = marked(
            "take the doubles out by skip_rows, or name the entity by a column that tells them apart"
        )
        raise DataError.at(where, what, marked("one cell for each"), hint)
    wide = long.pivot(index=keys, columns=variable, values=value)  # noqa: PD010 - keys are distinct
    others = [name for name in long.columns if name not in (*keys, variable, value)]
    # Of other columns those stay that have one value in each entity.
    counts = long.groupby(entity)[[name for name in others if name != _ROW]].nunique().max()
    constant = [_ROW, *counts.index[counts < 2]]
    firsts = long.drop_duplicates(keys)[[*keys, *constant]]
    joined = firsts.merge(wide.reset_index(), on=keys, how="left", validate="1:1")
    clash = sorted(set(map(str, wide.columns)) & set(constant))
    if clash:
        raise DataError.at(
            where,
            Coded("variables are named as columns: {clash}", clash=few(clash)),
            marked("new names"),
            marked("use rename"),
        )
    return joined
