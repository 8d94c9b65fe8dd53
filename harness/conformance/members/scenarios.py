"""What is asked of scenarios."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from harness.conformance.law import Law
from harness.conformance.members.case import MemberCase
from harness.conformance.panels import SEED, fresh, grouped, ordinary_panel
from harness.conformance.stand_in import StandIn
from harness.conformance.verdict import Broken
from harness.data.note import Note
from harness.data.panel import Panel
from harness.errors import EstimationError
from harness.rng import random_stream
from harness.scenarios.subject import Subject

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

PLACE = {"outcome", "estimator", "scenario"}
"""Columns that the harness adds to every table."""


class AnswersAsDeclared(Law[MemberCase]):
    """What is asked of an estimator is answered in the tables that are declared."""

    name: ClassVar[str] = "answers"
    says: ClassVar[str] = "least squares answer in the declared tables, in the declared columns"
    needs: ClassVar[tuple[str, ...]] = ()

    def check(self, case: MemberCase) -> str:
        """Ask least squares on the ordinary panel."""
        tables = {**case.member.describe(_panel(case)), **_answer(case)}
        declared = {table.name: table for table in (*case.member.tables, *case.member.data_tables)}
        if not any(len(frame) for frame in tables.values()):
            raise Broken("no table has a row")
        for name, frame in tables.items():
            if name not in declared:
                raise Broken(
                    f"answers in the table '{name}', which `tables` and `data_tables` do not declare"
                )
            if taken := PLACE & set(frame.columns):
                raise Broken(f"the table '{name}' has a column that the harness adds: {', '.join(taken)}")
            if unknown := set(frame.columns) - set(declared[name].columns):
                raise Broken(
                    f"the table '{name}' has a column that it does not declare: {', '.join(unknown)}"
                )
        return ", ".join(sorted(tables))


class RepeatableAnswers(Law[MemberCase]):
    """The same question has the same answer."""

    name: ClassVar[str] = "repeatable"
    says: ClassVar[str] = "the same fit and seed give the same answer"
    needs: ClassVar[tuple[str, ...]] = ("answers",)

    def check(self, case: MemberCase) -> str:
        """Ask twice."""
        again = _answer(case)
        for name, frame in _answer(case).items():
            if not frame.equals(again[name]):
                raise Broken(f"the table '{name}' differs from one call to the next")
        return ""


class QuickScenario(Law[MemberCase]):
    """``quick`` asks the same question."""

    name: ClassVar[str] = "quick"
    says: ClassVar[str] = "quick returns a scenario of the same class, and notes are harness.plugin.Note"
    needs: ClassVar[tuple[str, ...]] = ("answers",)

    def check(self, case: MemberCase) -> str:
        """Compare the classes, and read the notes."""
        quick = case.member.quick()
        if type(quick) is not type(case.member):
            raise Broken(f"quick returns a {type(quick).__name__}")
        notes = case.member.notes(_panel(case))
        if not all(isinstance(note, Note) for note in notes):
            raise Broken("a note is no harness.plugin.Note")
        return ", ".join(note.code for note in notes)


def _panel(case: MemberCase) -> Panel:
    """Return a panel that the scenario answers on: with an exposure of many values, or else of two."""
    panel = grouped(ordinary_panel(), tuple(case.member.columns))
    try:
        _asked(case, panel)
    except EstimationError:
        exposure = panel.column(panel.exposure)
        return panel.with_columns({panel.exposure: (exposure > np.median(exposure)).astype(np.float64)})
    return panel


def _answer(case: MemberCase) -> Mapping[str, pd.DataFrame]:
    return _asked(case, _panel(case))


def _asked(case: MemberCase, panel: Panel) -> Mapping[str, pd.DataFrame]:
    estimator = StandIn()
    fit = estimator.fit(fresh(panel), rng=random_stream(SEED, "scenario"))
    tables: Mapping[str, pd.DataFrame] = case.member.answer(
        Subject(estimator, panel, fit, SEED, StandIn.name)
    )
    return tables


LAWS: Sequence[Law[MemberCase]] = (AnswersAsDeclared(), RepeatableAnswers(), QuickScenario())
