"""Everything that the tasks of a study returned."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from harness.data.build import PanelBuilder
from harness.data.panel import Panel
from harness.evaluation.fold_fit import FoldResult
from harness.evaluation.multiverse import Universe
from harness.evaluation.protocol import Fold
from harness.evaluation.samples import SAMPLES
from harness.evaluation.tables import Bootstrap
from harness.execution.assemble import MissingCell
from harness.execution.parts import AnswerInParts
from harness.scenarios.full_result import FullResult
from harness.spec.study import Study


@dataclass(frozen=True, eq=False)
class RunResults:
    """Everything that the tasks of a study returned.

    Attributes
    ----------
    study : as it ran
    panels : builder of the panels
    folds_of : folds by protocol
    refused : cells of protocols that the panel is too small for
    universes : of the multiverse; their folds are among `folds`
    folds, fulls : results, in the order of the tasks
    in_parts : answers that were put together from parts
    """

    study: Study
    panels: PanelBuilder
    folds_of: Mapping[str, Sequence[Fold]]
    refused: Sequence[MissingCell]
    universes: Sequence[Universe]
    folds: Sequence[FoldResult]
    fulls: Sequence[FullResult]
    in_parts: Sequence[AnswerInParts] = ()

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Outcomes in the order of the spec."""
        return self.study.roles.outcomes

    @property
    def estimators(self) -> tuple[str, ...]:
        """Estimators in the order of the spec."""
        return tuple(entry.id for entry in self.study.estimators)

    @property
    def order(self) -> Mapping[str, Sequence[str]]:
        """Order of the rows of a comparison."""
        protocols = tuple(entry.id for entry in self.study.evaluation.protocols)
        return {
            "outcome": self.outcomes,
            "protocol": protocols,
            "sample": tuple(SAMPLES),
            "estimator": self.estimators,
        }

    @property
    def bootstrap(self) -> Bootstrap:
        """How the intervals of gains are drawn."""
        evaluation = self.study.evaluation
        return Bootstrap(evaluation.level, evaluation.draws, self.study.seed)

    def panel_of(self) -> Mapping[str, Panel]:
        """Return the panel of every outcome, prepared on all rows."""
        return {outcome: self.panels.panel(outcome) for outcome in self.outcomes}

    def fold_of(self) -> Mapping[tuple[str, str], Fold]:
        """Return the folds by protocol and name."""
        return {(protocol, fold.name): fold for protocol, folds in self.folds_of.items() for fold in folds}

    def folds_by(self, estimators: Collection[str]) -> list[FoldResult]:
        """Return the results of some of the estimators or universes."""
        return [fold for fold in self.folds if fold.cell.estimator in estimators]
