"""A pandera schema of the user's own: the part of its YAML format that can run no code, checked by pandera.

pandera's own reader looks up checks by any name its class has, sets any attribute on them and reads types
from any text. Here checks and types are a closed list, and the text is read as specs are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from harness.data.messages import RowLocator, few, quoted
from harness.errors import DataError, Problem, near_names

if TYPE_CHECKING:
    import pandera.pandas as pa

_BOUNDS = ("min_value", "max_value", "include_min", "include_max")
# Checks that are taken, with their arguments; `str_matches` is not, since a pattern can take for ever.
CHECKS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("equal_to", "not_equal_to"), ("value",)),
    **dict.fromkeys(("greater_than", "greater_than_or_equal_to"), ("min_value",)),
    **dict.fromkeys(("less_than", "less_than_or_equal_to"), ("max_value",)),
    "in_range": _BOUNDS,
    "isin": ("allowed_values",),
    "notin": ("forbidden_values",),
    **dict.fromkeys(("str_startswith", "str_endswith"), ("string",)),
    "str_length": ("min_value", "max_value"),
}

_NUMBERS = ("int64", "int32", "Int64", "float64", "float32", "Float64")
_OTHERS = ("bool", "boolean", "object", "str", "string", "string[python]", "string[pyarrow]", "category")
_TYPES = (*_NUMBERS, *_OTHERS)
_WORDS = ("title", "description")
_COLUMN_KEYS = ("dtype", "nullable", "checks", "unique", "required", "coerce", "regex", *_WORDS)
_IGNORED = ("schema_type", "version", "api", "coerce", "strict", "name", "ordered", "report_duplicates")
_TOP_KEYS = ("columns", "unique", "checks", "index", "dtype", "unique_column_names", "add_missing_columns")


@dataclass(frozen=True)
class UserSchema:
    """A pandera schema of columns.

    Attributes
    ----------
    origin : the file, for messages
    rules : of pandera: its columns, and which of them together tell rows apart
    types : by column, where the file says one
    """

    origin: str
    rules: pa.DataFrameSchema
    types: Mapping[str, str]


def read_user_schema(values: Mapping[str, Any], origin: str) -> UserSchema:
    """Return the schema that a YAML file of pandera says.

    Parameters
    ----------
    values : of the file
    origin : the file, for messages

    Raises
    ------
    DataError
        With every key, type and check that is not taken.
    """
    import pandera.pandas as pa

    problems = _unknown(values, (*_TOP_KEYS, *_IGNORED, *_WORDS), origin)
    for key in filter(values.get, ("checks", "index", "dtype")):
        hint = "write it under data.checks"
        problems.append(Problem(f"{origin}: {key}", "is not taken", "rules of columns", hint))
    written = values.get("columns")
    if not isinstance(written, Mapping) or not all(isinstance(entry, Mapping) for entry in written.values()):
        problems.append(Problem(f"{origin}: columns", "is no mapping of columns", "columns: {name: {...}}"))
        raise DataError(*problems)
    columns = {name: _column(entry, f"{origin}: columns.{name}", problems) for name, entry in written.items()}
    if problems:
        raise DataError(*problems)
    types = {name: entry["dtype"] for name, entry in written.items() if entry.get("dtype") is not None}
    return UserSchema(origin, pa.DataFrameSchema(columns, unique=values.get("unique") or None), types)


def _column(entry: Mapping[str, Any], where: str, problems: list[Problem]) -> pa.Column:
    """Return the rules of a column, and note what of them is not taken among the problems."""
    import pandera.pandas as pa

    problems += _unknown(entry, (*_COLUMN_KEYS, *CHECKS), where)
    dtype = entry.get("dtype")
    if dtype is not None and dtype not in _TYPES:
        problems.append(Problem(where, f"the type {str(dtype)[:40]!r}", few(_TYPES), "leave the type out"))
    if entry.get("regex"):
        hint = "write out the names"
        problems.append(Problem(where, "a pattern for names", "the name of one column", hint))
    own = [(key, options) for key, options in entry.items() if key in CHECKS]
    made = [_check(check, said, where) for check, said in (*_checks_of(entry.get("checks"), where), *own)]
    problems += [check for check in made if isinstance(check, Problem)]
    return pa.Column(
        checks=[check for check in made if not isinstance(check, Problem)],
        nullable=entry.get("nullable") is True,
        required=entry.get("required") is not False,
        unique=entry.get("unique") is True,
    )


def _unknown(entry: Mapping[str, Any], known: tuple[str, ...], where: str) -> list[Problem]:
    return [
        Problem(where, f"unknown key '{key}'", few(known), near_names(key, known) or "remove it")
        for key in entry
        if key not in known
    ]


def _checks_of(written: object, where: str) -> list[tuple[str, Any]]:
    """Return checks by name with what is said of them, from a list or a mapping."""
    if not written:
        return []
    if isinstance(written, Mapping):
        return [(str(name), options) for name, options in written.items()]
    if not isinstance(written, list) or not all(isinstance(check, Mapping) for check in written):
        what, hint = "checks are no list or mapping", "write them with to_yaml"
        raise DataError.at(where, what, "checks: [{...}]", hint)
    return [(str(dict(check.get("options") or {}).get("check_name", "")), check) for check in written]


def _check(name: str, said: object, where: str) -> pa.Check | Problem:
    import pandera.pandas as pa

    if name not in CHECKS:
        remedy = "write it under data.schema or data.checks of the spec, or leave it out"
        hint = near_names(name, CHECKS) or remedy
        return Problem(where, f"the check '{name[:40]}' is not taken", few(sorted(CHECKS)), hint)
    arguments = CHECKS[name]
    options = dict(said) if isinstance(said, Mapping) else {arguments[0]: said}
    options.pop("options", None)
    if set(options) == {"value"}:
        options = {arguments[0]: options["value"]}
    strange = [key for key in options if key not in arguments]
    if strange:
        return Problem(where, f"'{name}' has no '{strange[0]}'", few(arguments), "write it with to_yaml")
    make: Callable[..., pa.Check] = getattr(pa.Check, name)
    try:
        return make(**options)
    except (TypeError, ValueError) as error:
        return Problem(where, f"'{name}' cannot be made: {error}", few(arguments), "write it with to_yaml")


def user_schema_problems(
    schema: UserSchema, columns: Mapping[str, pd.Series], locator: RowLocator
) -> Iterator[Problem]:
    """Yield every check of a schema of the user's own that fails.

    Parameters
    ----------
    columns : raw and prepared, (n_obs,) each, those of the schema that there are
    locator : of the rows
    """
    import pandera.pandas as pa

    frame = pd.DataFrame({name: column.reset_index(drop=True) for name, column in columns.items()})
    for name, dtype in schema.types.items():
        if name in frame and not _is_of(frame[name], dtype):
            where, hint = f"{locator.column(name)} ({schema.origin})", "correct the column, or its type there"
            yield Problem(where, f"is of type {frame[name].dtype}", dtype, hint)
    try:
        schema.rules.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as error:
        found = error.failure_cases.groupby(["column", "check"], sort=False, dropna=False)
        for (column, check), cases in found:
            yield _failure(column, check, cases, locator, schema.origin)


def _is_of(column: pd.Series, dtype: str) -> bool:
    """Return whether a column is of a type, widths of numbers aside."""
    if dtype in _NUMBERS:
        values = pd.to_numeric(column, errors="coerce")
        has_text = bool((values.isna() & column.notna()).any())
        return not has_text and ("loat" in dtype or not bool((values.dropna() % 1 != 0).any()))
    if dtype.startswith("bool"):
        return bool(column.dropna().isin([0, 1]).all())
    return dtype == "object" or bool(column.dropna().map(lambda cell: isinstance(cell, str)).all())


def _failure(column: str, check: str, cases: pd.DataFrame, locator: RowLocator, origin: str) -> Problem:
    """Return which cells fail a check, from what pandera tells of them."""
    rows = np.zeros(len(locator.frame), dtype=np.bool_)
    rows[cases["index"].dropna().to_numpy(dtype=np.int64)] = True
    found = quoted(cases["failure_case"])
    if not rows.any():
        return Problem(f"{locator.origin} ({origin})", f"{check}: {found}", hint="add the column")
    where = f"{locator.column(column, rows)} ({origin})"
    hint = "correct the cells, leave the rows out by data.rows, or change the schema"
    return Problem(where, f"{int(rows.sum())} of {rows.size} cells fail: {found}", str(check), hint)
