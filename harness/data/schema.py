"""What columns must hold, as pandera schemas: of the spec's ``data.schema``, and of a file of pandera's.

Of pandera's YAML format the part that can run no code is read: pandera's reader looks up checks by any name
its class has, sets any attribute on them and reads types from any text. Here checks and types are a closed
list, and the text is read as specs are.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from harness.data.messages import RowLocator, few, quoted
from harness.data.rules import ColumnSchema, ColumnType
from harness.errors import DataError, Problem, near_names
from harness.language import Coded, marked

if TYPE_CHECKING:
    import pandera.pandas as pa


def inline_schema(written: Mapping[str, ColumnSchema], nullable: Collection[str]) -> pa.DataFrameSchema:
    """Return the schema that a spec writes under ``data.schema``.

    Parameters
    ----------
    nullable : columns in which `DataSpec.missing` decides about missing cells
    """
    import pandera.pandas as pa

    columns = {
        name: pa.Column(
            checks=list(_checks(column)), nullable=column.missing_ok or name in nullable, required=False
        )
        for name, column in written.items()
    }
    return pa.DataFrameSchema(columns, name="data.schema.")


def _checks(column: ColumnSchema) -> Iterator[pa.Check]:
    """Yield the checks of a column: what cells that fail are as title, what is expected as description."""
    import pandera.pandas as pa

    yield from _of_type(column.type)
    if column.min is not None:
        yield pa.Check.ge(column.min, title=f"are below {column.min}", description=f"at least {column.min}")
    if column.max is not None:
        yield pa.Check.le(column.max, title=f"are above {column.max}", description=f"at most {column.max}")
    if column.allowed:
        expected = few([repr(value) for value in column.allowed])
        yield pa.Check.isin(column.allowed, title="are not among the allowed values", description=expected)
    if column.median is not None:
        low, high = column.median
        yield pa.Check(
            lambda cells: cells.empty or low <= cells.median() <= high,
            statistics={"median": column.median, "unit": column.unit},
        )


def _of_type(kind: ColumnType | None) -> Iterator[pa.Check]:
    import pandera.pandas as pa

    if kind is not None:
        holds, what, expected = _TYPES[kind]
        yield pa.Check(holds, title=what, description=expected)


def _as_numbers(cells: pd.Series) -> pd.Series:
    return pd.to_numeric(cells, errors="coerce")


# By type: which cells are of it, what the others are, and what is expected.
_TYPES: Mapping[ColumnType, tuple[Callable[[pd.Series], pd.Series], str, str]] = {
    "text": (lambda cells: cells.map(lambda cell: isinstance(cell, str)), "are no text", "text"),
    "number": (lambda cells: _as_numbers(cells).notna(), "are no numbers", "numbers"),
    "integer": (lambda cells: _as_numbers(cells) % 1 == 0, "are no whole numbers", "whole numbers"),
    "boolean": (lambda cells: cells.isin([0, 1]), "are neither true nor false", "true and false, or 1 and 0"),
}

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

# Types of pandera that are taken, as ours: widths of numbers aside, and `object` as none.
_DTYPES: Mapping[str, ColumnType | None] = {
    **dict.fromkeys(("int64", "int32", "Int64"), "integer"),
    **dict.fromkeys(("float64", "float32", "Float64"), "number"),
    **dict.fromkeys(("bool", "boolean"), "boolean"),
    **dict.fromkeys(("str", "string", "string[python]", "string[pyarrow]", "category"), "text"),
    "object": None,
}
_WORDS = ("title", "description")
_COLUMN_KEYS = ("dtype", "nullable", "checks", "unique", "required", "coerce", "regex", *_WORDS)
_IGNORED = ("schema_type", "version", "api", "coerce", "strict", "name", "ordered", "report_duplicates")
_TOP_KEYS = ("columns", "unique", "checks", "index", "dtype", "unique_column_names", "add_missing_columns")


def read_file_schema(values: Mapping[str, Any], origin: str) -> pa.DataFrameSchema:
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
        hint = marked("write it under data.checks")
        problems.append(Problem(f"{origin}: {key}", marked("is not taken"), marked("rules of columns"), hint))
    written = values.get("columns")
    if not isinstance(written, Mapping) or not all(isinstance(entry, Mapping) for entry in written.values()):
        problems.append(
            Problem(
                Coded("{origin}: columns", origin=origin),
                marked("is no mapping of columns"),
                "columns: {name: {...}}",
            )
        )
        raise DataError(*problems)
    columns = {name: _column(entry, f"{origin}: columns.{name}", problems) for name, entry in written.items()}
    if problems:
        raise DataError(*problems)
    unique = values.get("unique") or None
    return pa.DataFrameSchema(columns, unique=unique, name=f"{origin}: columns.")


def _column(entry: Mapping[str, Any], where: str, problems: list[Problem]) -> pa.Column:
    """Return the rules of a column, and note what of them is not taken among the problems."""
    import pandera.pandas as pa

    problems += _unknown(entry, (*_COLUMN_KEYS, *CHECKS), where)
    dtype = entry.get("dtype")
    if dtype is not None and dtype not in _DTYPES:
        problems.append(
            Problem(
                where,
                Coded("the type {dtype}", dtype=repr(str(dtype)[:40])),
                few(tuple(_DTYPES)),
                marked("leave the type out"),
            )
        )
    if entry.get("regex"):
        hint = marked("write out the names")
        problems.append(Problem(where, marked("a pattern for names"), marked("the name of one column"), hint))
    own = [(key, options) for key, options in entry.items() if key in CHECKS]
    made = [_check(check, said, where) for check, said in (*_checks_of(entry.get("checks"), where), *own)]
    problems += [check for check in made if isinstance(check, Problem)]
    return pa.Column(
        checks=[*_of_type(_DTYPES.get(str(dtype)))]
        + [check for check in made if not isinstance(check, Problem)],
        nullable=entry.get("nullable") is True,
        required=entry.get("required") is not False,
        unique=entry.get("unique") is True,
    )


def _unknown(entry: Mapping[str, Any], known: tuple[str, ...], where: str) -> list[Problem]:
    return [
        Problem(
            where,
            Coded("unknown key '{key}'", key=key),
            few(known),
            near_names(key, known) or marked("remove it"),
        )
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
        what, hint = marked("checks are no list or mapping"), marked("write them with to_yaml")
        raise DataError.at(where, what, "checks: [{...}]", hint)
    return [(str(dict(check.get("options") or {}).get("check_name", "")), check) for check in written]


def _check(name: str, said: object, where: str) -> pa.Check | Problem:
    import pandera.pandas as pa

    if name not in CHECKS:
        remedy = marked("write it under data.schema or data.checks of the spec, or leave it out")
        hint = near_names(name, CHECKS) or remedy
        return Problem(
            where, Coded("the check '{name}' is not taken", name=name[:40]), few(sorted(CHECKS)), hint
        )
    arguments = CHECKS[name]
    options = dict(said) if isinstance(said, Mapping) else {arguments[0]: said}
    options.pop("options", None)
    if set(options) == {"value"}:
        options = {arguments[0]: options["value"]}
    strange = [key for key in options if key not in arguments]
    if strange:
        return Problem(
            where,
            Coded("'{name}' has no '{strange}'", name=name, strange=strange[0]),
            few(arguments),
            marked("write it with to_yaml"),
        )
    make: Callable[..., pa.Check] = getattr(pa.Check, name)
    try:
        return make(**options)
    except (TypeError, ValueError) as error:
        return Problem(
            where,
            Coded("'{name}' cannot be made: {error}", name=name, error=error),
            few(arguments),
            marked("write it with to_yaml"),
        )


def schema_problems(
    schema: pa.DataFrameSchema, columns: Mapping[str, pd.Series], locator: RowLocator
) -> Iterator[Problem]:
    """Yield every check of a schema that fails.

    Parameters
    ----------
    columns : raw and prepared, (n_obs,) each, those of the schema that there are
    locator : of the rows
    """
    import pandera.pandas as pa

    frame = pd.DataFrame({name: column.reset_index(drop=True) for name, column in columns.items()})
    try:
        schema.validate(frame, lazy=True, inplace=True)
    except pa.errors.SchemaErrors as errors:
        for error in errors.schema_errors:
            yield _problem(error, schema, frame, locator)


def _problem(
    error: pa.errors.SchemaError, schema: pa.DataFrameSchema, frame: pd.DataFrame, locator: RowLocator
) -> Problem:
    """Return which cells fail a check, and what it expects."""
    check, cases, name = error.check, error.failure_cases, error.schema.name
    if check == "column_in_dataframe":
        where = f"{locator.column(cases)} ({schema.name}{cases})"
        return Problem(
            where,
            marked("there is no such column"),
            hint=marked("add the column, or take it out of the schema"),
        )
    option = f"{schema.name}{name}"
    if not isinstance(cases, pd.DataFrame):
        where = f"{locator.column(name)} ({option})"
        if "median" in check.statistics:
            return _unit_problem(frame[name], check.statistics["median"], check.statistics["unit"], where)
        return Problem(
            where,
            Coded("cannot be checked: {cases}", cases=cases),
            check.error,
            marked("correct the cells, or the schema"),
        )
    wrong = np.zeros(len(frame), dtype=np.bool_)
    wrong[cases["index"].to_numpy(dtype=np.int64)] = True
    if name == schema.name:
        name, option = ", ".join(schema.unique), f"{name}unique"
    hint = marked(
        "correct the cells, leave the rows out by data.rows, or change the schema", code="change_the_schema"
    )
    if check == "not_nullable":
        what = marked("are missing")
        expected = marked("no missing cell")
        hint = marked("say missing_ok: true, or fill the cells in")
    elif isinstance(check, str):
        what, expected = marked("occur in another row"), marked("each value once")
    else:
        what = f"{check.title or 'fail'}: {quoted(cases['failure_case'])}"
        expected = check.description or check.error
    return locator.wrong(name, wrong, Coded("cells {what}", what=what), expected, hint, option=option)


# Yuan a US dollar, about the mean from 2011 to 2019; in single years 6.1 to 6.9.
YUAN_A_DOLLAR = 6.5

# How numbers of another unit are wrong, by what makes them right; dollars in what Chinese tables count in.
_POWERS = {
    10.0**-power: f"{10 ** abs(power):,} times too {'large' if power > 0 else 'small'}"
    for power in range(-9, 10)
    if power != 0
}
_DOLLARS = {
    YUAN_A_DOLLAR: f"in dollars, {YUAN_A_DOLLAR} yuan each",
    YUAN_A_DOLLAR * 1e-4: "in dollars, and 10,000 times too large",
    YUAN_A_DOLLAR * 1e-8: "in dollars, and 100,000,000 times too large",
}


def _unit_problem(cells: pd.Series, stated: tuple[float, float], unit: str, where: str) -> Problem:
    """Return that a median lies outside its range, and the units that would explain it, likeliest first."""
    (low, high), unit, name = stated, f" ({unit})" if unit else "", cells.name
    median = float(cells.median())
    factors = _POWERS | (_DOLLARS if "yuan" in unit or "元" in unit else {})
    likely = [factor for factor in factors if low <= factor * median <= high]
    what: str = Coded("the median is {value}{unit}", value=f"{float(f'{median:.4g}'):,.10g}", unit=unit)
    if low > 0 and median > 0:
        ratio = median / (low * high) ** 0.5
        what = Coded(
            "{median}, {ratio} times the middle of the range stated",
            median=what,
            ratio=f"{float(f'{ratio:.3g}'):,g}",
        )
        likely.sort(key=lambda factor: abs(np.log(factor * ratio)))
    shown = [f"{factors[factor]} (data: scale: {{{name}: {factor:.10g}}})" for factor in likely]
    seems = (
        Coded("the numbers seem {units}", units=" or ".join(shown))
        if shown
        else marked("scale the column (data: scale)")
    )
    hint = Coded(
        "{seems}; where they are right, correct the range, data.schema.{name}.median", seems=seems, name=name
    )
    return Problem(
        where,
        what,
        Coded("a median from {low} to {high}{unit}", low=f"{low:g}", high=f"{high:g}", unit=unit),
        hint,
    )
