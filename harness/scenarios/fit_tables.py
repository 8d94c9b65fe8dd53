"""What a fit itself gives: its coefficients, its own tables, rows of result tables, and notes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from harness.errors import PluginError, Problem
from harness.estimators.coefficients import CoefficientTable
from harness.estimators.guard import Attempt, as_reason, attempt
from harness.estimators.protocol import Columns, HasCoefficients, HasDetails, HasNotes, HasResultRows
from harness.language import Message, in_series
from harness.scenarios.scenario import Scenario, Tables
from harness.tables.preparation import Note
from harness.tables.registry import TABLES

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class FitTables:
    """What a fit itself gives.

    Attributes
    ----------
    coefficients : tidy table, None for a fit without one
    details : the fit's own tables, by name
    rows : what the fit gives of the harness's result tables, by name
    notes : what the fit has to say
    """

    coefficients: pd.DataFrame | None
    details: Tables
    rows: Tables
    notes: tuple[Note, ...]


NO_TABLES = FitTables(None, {}, {}, ())


def tables_of(fit: object, *, level: float) -> tuple[FitTables, str]:
    """Return what a fit gives, and what is wrong with any of it; the latter is empty where nothing is.

    Parameters
    ----------
    level : of the coefficients' confidence limits
    """
    coefficients = attempt(partial(_coefficients, fit, level))
    details = attempt(partial(_details, fit))
    rows = attempt(partial(_result_rows, fit))
    notes = attempt(partial(notes_of, fit))
    asked: dict[str, Attempt[Any]] = {
        "coefficients": coefficients,
        "details": details,
        "result rows": rows,
        "notes": notes,
    }
    wrong = [
        Message("{where}: {what}", where=name, what=found.reason)
        for name, found in asked.items()
        if found.status != "ok"
    ]
    tables = FitTables(coefficients.value, details.value or {}, rows.value or {}, notes.value or ())
    return tables, as_reason(in_series(wrong))


def require_declared(answer: Tables, scenario: Scenario) -> None:
    """Refuse an answer with a table that its scenario does not declare.

    Raises
    ------
    PluginError
    """
    _require_frames(answer, {table.name for table in scenario.tables}, type(scenario).__name__)


def _coefficients(fit: object, level: float) -> pd.DataFrame | None:
    table = fit.coefficients() if isinstance(fit, HasCoefficients) else None
    return None if table is None else coefficient_rows(table, level=level)


def _details(fit: object) -> Tables:
    return _frames(fit.details()) if isinstance(fit, HasDetails) else {}


def _result_rows(fit: object) -> Tables:
    rows: Tables = _frames(fit.result_rows()) if isinstance(fit, HasResultRows) else {}
    _require_frames(rows, set(TABLES), type(fit).__name__)
    return rows


def notes_of(fit: object) -> tuple[Note, ...]:
    """Return what a fit has to say, checked."""
    said: tuple[object, ...] = tuple(fit.notes) if isinstance(fit, HasNotes) else ()
    notes = tuple(note for note in said if isinstance(note, Note))
    for note in said:
        if not (isinstance(note, Note) and all(isinstance(part, str) for part in vars(note).values())):
            found = f"notes with a {type(note).__name__}, {as_reason(repr(note))[:100]}"
            raise PluginError.at(
                type(fit).__name__, Message("returned {found}", found=found), "Note of three texts"
            )
    return notes


def _require_frames(tables: object, allowed: Collection[str], who: str) -> None:
    """Refuse an answer that is no table, or one that nobody declared and no file would hold."""
    import pandas as pd

    if not isinstance(tables, Mapping):
        problem = Problem(who, Message("returned a {name}", name=type(tables).__name__), "tables by name")
        raise PluginError(problem)
    for name, frame in tables.items():
        if name not in allowed or not isinstance(frame, pd.DataFrame):
            found = f"returned a {type(frame).__name__} as '{name}'"
            expected = f"data frames, of the names {', '.join(sorted(allowed))}"
            raise PluginError.at(who, found, expected)


def _frames(tables: Mapping[str, Columns]) -> Tables:
    import pandas as pd

    return {name: pd.DataFrame(dict(columns)) for name, columns in tables.items()}


def coefficient_rows(table: CoefficientTable, *, level: float) -> pd.DataFrame:
    """Return a coefficient table as tidy rows, one a term, with the covariance named."""
    import pandas as pd

    limits = table.conf_int(level)
    correction = table.correction
    columns = {
        "term": table.terms,
        "estimate": table.estimate,
        "std_error": table.std_error,
        "statistic": table.statistic,
        "p_value": table.p_value,
        "conf_low": limits[:, 0],
        "conf_high": limits[:, 1],
    }
    fixed = {
        "covariance": correction.kind,
        "n_obs": correction.n_obs,
        "n_coef": correction.n_coef,
        "n_effects": correction.n_effects,
        "n_clusters": " x ".join(str(count) for count in correction.n_clusters),
        "factor": correction.factor,
        "df_resid": correction.df_resid,
        "bandwidth": correction.bandwidth,
    }
    return pd.DataFrame(columns | fixed)
