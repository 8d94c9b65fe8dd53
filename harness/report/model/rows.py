"""The rows of a run's tables as typed values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

from harness.errors import ArtifactError, Problem
from harness.language import marked

if TYPE_CHECKING:
    import pandas as pd
    from _typeshed import DataclassInstance

Row = TypeVar("Row", bound="DataclassInstance")

NOT_DONE = frozenset({marked("refused"), marked("failed")})
"""Status of a row that holds a reason in the place of numbers."""


class ResultRow:
    """A row that has numbers, or says why it has none."""

    status: str
    reason: str

    @property
    def is_done(self) -> bool:
        """Whether the cell has numbers."""
        return self.status not in NOT_DONE


def _text(value: Any) -> str:  # noqa: ANN401 - a cell of a table has any type
    """Return a cell as text; a whole number is written as one, also where empty cells made it a float."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


def _number(value: Any) -> float:  # noqa: ANN401 - as above
    return float("nan") if value is None else float(value)


def _whole(value: Any) -> int | None:  # noqa: ANN401 - as above
    return None if value is None else int(value)


def _truth(value: Any) -> bool:  # noqa: ANN401 - as above
    return str(value) == "True"


CONVERT: Mapping[Any, Callable[[Any], Any]] = {str: _text, float: _number, int | None: _whole, bool: _truth}
"""How a cell becomes each type of field."""


def _values(column: pd.Series[Any]) -> list[Any]:
    """Return the cells of a column, None where one is empty."""
    cells = column.astype(object)
    return cells.where(cells.notna(), None).tolist()


def read_rows(frame: pd.DataFrame, kind: type[Row], *, table: str) -> tuple[Row, ...]:
    """Return a table's rows as values of the dataclass `kind`, whose fields name the columns.

    A field with a default stands for a column that may be absent. Columns that are no field are passed over.
    A table without rows may lack its columns.

    Raises
    ------
    ArtifactError
        Where columns are missing.
    """
    if frame.empty:
        return ()
    wanted = [field.name for field in fields(kind) if field.default is MISSING or field.name in frame.columns]
    missing = [name for name in wanted if name not in frame.columns]
    if missing:
        raise ArtifactError(
            Problem(
                where=f"{table}.csv",
                what=f"the table lacks {', '.join(missing)}",
                hint="run the study again with this version",
            )
        )
    hints = get_type_hints(kind)
    columns = [[CONVERT[hints[name]](value) for value in _values(frame[name])] for name in wanted]
    return tuple(kind(**dict(zip(wanted, values, strict=True))) for values in zip(*columns, strict=True))
