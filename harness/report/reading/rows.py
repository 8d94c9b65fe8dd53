"""The rows of a run's tables as typed values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

from harness.errors import ArtifactError, Problem

if TYPE_CHECKING:
    import pandas as pd
    from _typeshed import DataclassInstance

Row = TypeVar("Row", bound="DataclassInstance")

NOT_DONE = frozenset({"refused", "failed"})
"""Status of a row that holds a reason in the place of numbers."""


class Cell:
    """A row that has numbers, or says why it has none."""

    status: str
    reason: str

    @property
    def is_done(self) -> bool:
        """Whether the cell has numbers."""
        return self.status not in NOT_DONE


@dataclass(frozen=True)
class AccuracyRow(Cell):
    """Errors of one estimator on one sample under one protocol; numbers are NaN where it is not done."""

    outcome: str
    estimator: str
    protocol: str
    sample: str
    mse: float
    rmse: float
    nmse: float
    r2: float
    n_obs: int | None
    n_entities: int | None
    status: str
    reason: str


@dataclass(frozen=True)
class GainRow(Cell):
    """Gain of one estimator over the reference, a fraction, with its interval.

    `p_value` is of equal accuracy; `p_splits` allows for the overlap of splits, `p_holm` for all gains of the
    outcome and sample (Holm 1979), `p_best` for picking the best estimator of the protocol.
    """

    outcome: str
    estimator: str
    reference: str
    protocol: str
    sample: str
    gain: float
    conf_low: float
    conf_high: float
    p_value: float
    mse: float
    mse_reference: float
    n_entities: int | None
    status: str
    reason: str
    p_splits: float = float("nan")
    p_holm: float = float("nan")
    p_best: float = float("nan")


@dataclass(frozen=True)
class CoefficientRow(Cell):
    """One coefficient, in outcome units per unit of the term; the term is empty where it is not done."""

    outcome: str
    estimator: str
    term: str
    estimate: float
    std_error: float
    conf_low: float
    conf_high: float
    covariance: str
    df_resid: float
    n_obs: int | None
    status: str
    reason: str
    n_clusters: str = ""
    factor: float = float("nan")
    bandwidth: float = float("nan")


@dataclass(frozen=True)
class VariableRow:
    """Moments of one variable; `sd_within` is over time within entities, `sd_between` over entity means."""

    variable: str
    role: str
    n: int | None
    mean: float
    sd: float
    min: float
    max: float
    sd_within: float
    sd_between: float


def _text(value: Any) -> str:  # noqa: ANN401 - a cell of a table has any type
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
    wanted = [one for one in fields(kind) if one.default is MISSING or one.name in frame.columns]
    missing = [one.name for one in wanted if one.name not in frame.columns]
    if missing:
        raise ArtifactError(
            Problem(
                where=f"{table}.csv",
                what=f"the table lacks {', '.join(missing)}",
                hint="run the study again with this version",
            )
        )
    hints = get_type_hints(kind)
    columns = [[CONVERT[hints[one.name]](value) for value in _values(frame[one.name])] for one in wanted]
    names = [one.name for one in wanted]
    return tuple(kind(**dict(zip(names, values, strict=True))) for values in zip(*columns, strict=True))
