"""Result tables, and their rows as typed values.

Writer, reader, comparison, verification, expected numbers, report and documentation use the tables of this
package and those declared by scenarios of plugins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, Literal, TypeVar, get_type_hints

from harness.errors import ArtifactError, HarnessError
from harness.language import Coded, from_json, marked, quoted, to_json
from harness.tables.decision import UNTESTED, Decision

if TYPE_CHECKING:
    import pandas as pd
    from _typeshed import DataclassInstance

# How a cell went, and why it has no numbers where it has none; a cell that failed is a row with both.
STATUS = ("status", "reason", "reason_code")

# End of the name of the column that has code and values of the text in the column named before it.
CODE = "_code"

# Status of a row that holds a reason instead of numbers.
NOT_DONE = frozenset({marked("refused"), marked("failed")})

# Start of the names of tables that fits bring along; their columns are their plugins' affair.
DETAILS = "details/"

NAN: Final = float("nan")

Row = TypeVar("Row", bound="DataclassInstance")


def coded(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of a table with code and values of each message in it next to its text."""
    codes = {f"{name}{CODE}": to_json(cell) for name, cell in row.items() if isinstance(cell, Coded)}
    return {**row, **codes}


def coded_columns(columns: Mapping[str, Sequence[object]]) -> dict[str, Sequence[object]]:
    """Return columns of a table with code and values of each message in them, as `coded` has them."""
    codes = {
        f"{name}{CODE}": [to_json(cell) if isinstance(cell, str) else "" for cell in cells]
        for name, cells in columns.items()
        if any(isinstance(cell, Coded) for cell in cells)
    }
    return {**columns, **codes}


def placed(cells: Sequence[tuple[pd.DataFrame, Mapping[str, object]]]) -> pd.DataFrame:
    """Return the rows of at least one cell after another, each with what stands for all rows of its cell."""
    import pandas as pd

    frames, places = zip(*cells, strict=True)
    rows = pd.concat(frames, ignore_index=True)
    cell = [at for at, frame in enumerate(frames) for _ in range(len(frame))]
    of_cells = pd.DataFrame(map(coded, places)).take(cell).reset_index(drop=True)
    both = of_cells.columns.intersection(rows.columns)
    of_cells[both] = of_cells[both].fillna(rows[both])
    found: pd.DataFrame = pd.concat([of_cells, rows.drop(columns=both)], axis=1)
    return found


@dataclass(frozen=True)
class ResultTable:
    """One result table.

    Attributes
    ----------
    name : of the table and, with `suffix`, of its file
    columns : in order; a cell may leave some empty
    key : columns that identify rows. Rows with equal keys, such as the turning points of one curve, are
        identified by their order
    description : one line
    measures : numeric columns of interest; none for large tables or rows without names
    study_wide : columns whose numbers depend on the other estimators and protocols of the study
    suffix : of the file
    """

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    description: str
    measures: tuple[str, ...] = ()
    study_wide: tuple[str, ...] = ()
    suffix: Literal[".csv", ".parquet"] = ".csv"

    @property
    def file(self) -> str:
        """Path within the run folder."""
        return f"{self.name}{self.suffix}"

    def repeated(self, frame: pd.DataFrame) -> str:
        """Return the first key that an earlier row has too, as ``outcome=co2``; empty where there is none."""
        rows = frame[[name for name in self.key if name in frame]]
        again = rows[rows.duplicated()].to_dict("records") if rows.size else []
        return ", ".join(f"{name}={cell}" for name, cell in again[0].items()) if again else ""

    def require_unique(self, frame: pd.DataFrame) -> None:
        """Refuse rows of one key, each of which would count as many times wherever they are joined.

        Raises
        ------
        HarnessError
            A mistake of the harness: no input leads here.
        """
        if key := self.repeated(frame):
            what, hint = f"would hold several rows of one key: {key}", "this is a bug in the harness"
            raise HarnessError.at(self.file, what, "a row a key", hint)


@dataclass(frozen=True)
class TypedTable(ResultTable, Generic[Row]):
    """A result table whose columns are the fields of a dataclass; `typed` makes one."""

    row: type[Row] = field(kw_only=True)


def typed(
    name: str,
    row: type[Row],
    key: tuple[str, ...] = (),
    description: str = "",
    *,
    measures: tuple[str, ...] = (),
    study_wide: tuple[str, ...] = (),
    suffix: Literal[".csv", ".parquet"] = ".csv",
) -> TypedTable[Row]:
    """Return the table whose rows are values of `row`; its columns are the fields, in order."""
    return TypedTable(name, columns_of(row), key, description, measures, study_wide, suffix, row=row)


def listed(
    name: str,
    columns: str,
    key: str,
    description: str,
    *,
    measures: tuple[str, ...] = (),
    suffix: Literal[".csv", ".parquet"] = ".csv",
) -> ResultTable:
    """Return a table whose rows nobody reads as values; columns and key are names, a blank between two."""
    return ResultTable(name, tuple(columns.split()), tuple(key.split()), description, measures, (), suffix)


def columns_of(row: type[Row]) -> tuple[str, ...]:
    """Return the columns of a table whose rows are values of a dataclass."""
    last = getattr(row, "LAST", ())
    return (*(one.name for one in fields(row) if one.name not in last), *last)


@dataclass(frozen=True, kw_only=True)
class ResultRow:
    """A row with numbers, or with the reason why there are none."""

    # Columns that stand at the end, whatever class adds fields.
    LAST: ClassVar[tuple[str, ...]] = STATUS

    status: str
    reason: str
    reason_code: str = ""

    @property
    def is_done(self) -> bool:
        """Whether the cell has numbers."""
        return self.status not in NOT_DONE


@dataclass(frozen=True, kw_only=True)
class AnswerRow(ResultRow):
    """What one estimator answers to a scenario."""

    LAST = ("scenario", *STATUS)

    outcome: str
    estimator: str
    scenario: str = ""


def answers(
    name: str, row: type[Row], key: tuple[str, ...], description: str, *, measures: tuple[str, ...] = ()
) -> TypedTable[Row]:
    """Return a table of what estimators answer to a scenario, given the columns that tell its rows apart."""
    return typed(name, row, ("outcome", "estimator", "scenario", *key), description, measures=measures)


def grouped(rows: Iterable[Row], *names: str) -> dict[tuple[Any, ...], list[Row]]:
    """Return rows by their values of some fields, which come in the order in which they first appear."""
    found: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(getattr(row, name) for name in names), []).append(row)
    return found


def _text(value: object) -> str:
    """Return a cell as text; a whole number is written as one, also where empty cells made it a float."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


def _number(value: float | str | None) -> float:
    return NAN if value is None else float(value)


def _whole(value: float | str | None) -> int | None:
    return None if value is None else int(value)


def _truth(value: object) -> bool:
    return str(value) == "True"


# How a cell becomes each type of field.
CONVERT: Mapping[Any, Callable[[Any], Any]] = {
    str: _text,
    float: _number,
    int | None: _whole,
    bool: _truth,
    Decision: lambda value: value or UNTESTED,
}


def read_rows(frame: pd.DataFrame, kind: type[Row], *, table: str) -> tuple[Row, ...]:
    """Return a table's rows as values of the dataclass `kind`, whose fields name the columns.

    A field with a default stands for a column that may be absent. Columns that are no field are passed over.
    A table without rows may lack its columns.

    Raises
    ------
    ArtifactError
        Where columns are missing, or a cell is not of its column's type.
    """
    if frame.empty:
        return ()
    optional = {one.name for one in fields(kind) if one.default is not MISSING}
    wanted = [name for name in columns_of(kind) if name not in optional or name in frame.columns]
    missing = [name for name in wanted if name not in frame.columns]
    if missing:
        what = Coded("the table lacks {names}", names=quoted(", ".join(missing)))
        hint = marked("run the study again with this version")
        raise ArtifactError.at(f"{table}.csv", what, hint=hint)
    hints = get_type_hints(kind)
    columns: dict[str, list[Any]] = {}
    for name in wanted:
        try:
            columns[name] = [CONVERT[hints[name]](value) for value in _values(frame[name])]
        except (ValueError, OverflowError) as error:
            hint = marked("take a whole copy of the folder, or run the study again")
            where = Coded("{table}.csv: column {name}", table=table, name=repr(name))
            raise ArtifactError.at(where, str(error), hint=hint) from error
    for name in messages_of(kind):
        if f"{name}{CODE}" in columns:
            columns[name] = _messages(columns[name], columns[f"{name}{CODE}"], table=table)
    return tuple(
        kind(**dict(zip(wanted, values, strict=True))) for values in zip(*columns.values(), strict=True)
    )


def messages_of(kind: type) -> tuple[str, ...]:
    """Return the names of a row's fields that are messages: those that have a field with their code."""
    names = columns_of(kind)
    return tuple(name for name in names if f"{name}{CODE}" in names)


def _messages(texts: Iterable[str], codes: Iterable[str], *, table: str) -> list[str]:
    try:
        return [*map(from_json, texts, codes)]
    except ValueError as error:
        raise ArtifactError.at(
            f"{table}.csv", str(error), marked("codes as the harness writes them")
        ) from error


def _values(column: pd.Series[Any]) -> list[Any]:
    """Return the cells of a column, None where one is empty."""
    cells = zip(column.tolist(), column.isna().tolist(), strict=True)
    return [None if is_empty else cell for cell, is_empty in cells]
