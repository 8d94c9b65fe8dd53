"""What a scenario is: a question put to every estimator through its predictions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

from harness.data.panel import Panel
from harness.registry.kind import Kind, OptionsClass
from harness.scenarios.asked import Tables
from harness.scenarios.subject import Subject
from harness.tables.preparation import Note
from harness.tables.registry import TABLES
from harness.tables.table import ResultTable


class Scenario(Protocol):
    """A frozen dataclass of options that turns predictions into tables.

    Attributes
    ----------
    name : as written in YAML after ``use:``
    tables : those that `answer` returns; the columns of outcome, estimator, scenario and status are filled in
    data_tables : those that `describe` returns; the column of the scenario is filled in
    """

    name: ClassVar[str]
    tables: ClassVar[tuple[ResultTable, ...]]
    data_tables: ClassVar[tuple[ResultTable, ...]]

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the data that sort rows into groups for this question."""

    @property
    def about(self) -> Mapping[str, str]:
        """What the question is about, as columns that every row of its tables has."""

    def describe(self, panel: Panel) -> Tables:
        """Return the tables that depend on the data alone, those named in `data_tables`."""

    def answer(self, subject: Subject) -> Tables:
        """Return what one estimator answers, as tables named in `tables`.

        Raises
        ------
        EstimationError
            Where the estimator refuses what the question needs.
        """

    def notes(self, panel: Panel) -> tuple[Note, ...]:
        """Return warnings about the options, given the rows they are applied to."""

    def quick(self) -> Self:
        """Return a copy with fewer draws, for ``--quick``."""


@runtime_checkable
class AsksAbout(Protocol):
    """Capability of a scenario: it can ask about another regressor than the exposure of the study."""

    @property
    def exposure(self) -> str | None:
        """The regressor; None for the exposure of the study."""


def _table_fault(scenario: Any) -> str:  # noqa: ANN401 - a stranger's class
    """Return which table a scenario cannot declare, or an empty string."""
    for table in (*scenario.tables, *scenario.data_tables):
        if not isinstance(table, ResultTable):
            return f"declares {table!r} among its tables, which is no harness.plugin.ResultTable"
        if TABLES.get(table.name, table) != table:
            return f"declares a table '{table.name}', which the harness has already: give it another name"
    return ""


SCENARIO: Kind[type[Scenario]] = Kind(
    "scenario",
    "scenarios",
    OptionsClass(
        ("describe", "answer", "notes", "quick"),
        ("tables", "data_tables", "columns", "about"),
        further=_table_fault,
    ),
)
"""Scenarios that a spec can choose."""
