"""Panels too poor to learn from are refused with a reason, or answered with finite numbers."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import ClassVar

import numpy as np

from harness.conformance.case import Case
from harness.conformance.law import Law
from harness.conformance.verdict import Broken
from harness.data.panel import Panel
from harness.errors import EstimationError
from harness.estimators.guard import in_one_line


class Degenerate(Law[Case]):
    """A poor panel is refused with EstimationError, in words, or answered."""

    @abstractmethod
    def poor(self, panel: Panel) -> Panel:
        """Return what is left of the ordinary panel."""

    def check(self, case: Case) -> str:
        """Fit and predict the poor panel."""
        panel = self.poor(case.panel)
        try:
            case.predicted(panel)
        except EstimationError as error:
            if not error.what:
                raise Broken("refused without a reason") from error
            return f"refused: {in_one_line(error.problems[0])}"
        return "answered"


class OneRow(Degenerate):
    """A single row."""

    name: ClassVar[str] = "one_row"
    says: ClassVar[str] = "a single row is refused with a reason, or predicted"

    def poor(self, panel: Panel) -> Panel:
        """Return the first row."""
        return panel.take(np.arange(1))


class OneEntity(Degenerate):
    """A single entity."""

    name: ClassVar[str] = "one_entity"
    says: ClassVar[str] = "a single entity is refused with a reason, or predicted"

    def poor(self, panel: Panel) -> Panel:
        """Return the rows of one entity."""
        return panel.take(np.flatnonzero(panel.entity.codes == panel.entity.codes[0]))


class OnePeriod(Degenerate):
    """A single period."""

    name: ClassVar[str] = "one_period"
    says: ClassVar[str] = "a single period is refused with a reason, or predicted"

    def poor(self, panel: Panel) -> Panel:
        """Return the rows of one period."""
        return panel.take(np.flatnonzero(panel.period == panel.period.min()))


class FewRows(Degenerate):
    """Fewer rows than columns."""

    name: ClassVar[str] = "few_rows"
    says: ClassVar[str] = "fewer rows than columns are refused with a reason, or predicted"

    def poor(self, panel: Panel) -> Panel:
        """Return rows of different entities, one fewer than there are columns."""
        first = np.unique(panel.entity.codes, return_index=True)[1]
        return panel.take(first[: len(panel.columns) - 1])


class ConstantOutcome(Degenerate):
    """An outcome that does not vary."""

    name: ClassVar[str] = "constant_outcome"
    says: ClassVar[str] = "an outcome that does not vary is refused with a reason, or predicted"

    def poor(self, panel: Panel) -> Panel:
        """Return the panel with an outcome whose mean is not exact in binary."""
        return replace(panel, observed=np.full(panel.n_obs, 0.1))


class ConstantExposure(Degenerate):
    """An exposure that does not vary."""

    name: ClassVar[str] = "constant_exposure"
    says: ClassVar[str] = "an exposure that does not vary is refused with a reason, or predicted"

    def poor(self, panel: Panel) -> Panel:
        """Return the panel with one value of the exposure."""
        return panel.with_column(panel.exposure, 0.1)


class CollinearControls(Degenerate):
    """Controls that repeat each other."""

    name: ClassVar[str] = "collinear_controls"
    says: ClassVar[str] = "controls that repeat each other are refused with a reason, or predicted"

    def poor(self, panel: Panel) -> Panel:
        """Return the panel with the last control a multiple of the one before."""
        before, last = panel.columns[-2:]
        return panel.with_column(last, 2.0 * panel.column(before) - 1.0)
