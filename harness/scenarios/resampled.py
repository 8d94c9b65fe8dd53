"""Options of questions whose intervals come from bootstrap draws."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from harness.data.panel import Panel
from harness.evaluation.resample import ResampleUnit
from harness.language import Message, marked
from harness.scenarios.draws import DrawPlan
from harness.scenarios.scenario import Sample, Scenario
from harness.tables.preparation import Note

# Most draws of a quick run.
QUICK_DRAWS = 40


@dataclass(frozen=True, kw_only=True)
class Resampled(Scenario):
    """How draws are made and intervals taken from them.

    Attributes
    ----------
    draws : bootstrap draws; an estimator that carries its own keeps to those
    unit : what is resampled; rows ignore that an entity's rows go together, and intervals are too narrow
    level : nominal coverage of intervals, and of each point of a pointwise band
    draw_rows : most rows that an estimator trained anew for every draw, such as a forest or a network, is
        trained on; of more, whole entities up to so many are, and a quarter of these for half of the draws,
        and the spread of the draws is rescaled to all rows (``W-SUBSAMPLE``)
    """

    draws: Annotated[int, Field(ge=2, le=1_000_000)] = 200
    unit: ResampleUnit = "entity"
    level: Annotated[float, Field(gt=0, lt=1)] = 0.95
    draw_rows: Annotated[int, Field(ge=100)] = 20_000

    @property
    def plan(self) -> DrawPlan:
        """The draws to ask for."""
        return DrawPlan(self.draws, self.unit, self.draw_rows)

    def samples(self, panel: Panel) -> Iterator[Sample]:
        """Yield nothing: all rows are enough."""
        yield from ()

    def notes(self, panel: Panel) -> tuple[Note, ...]:
        """Return warnings about intervals from too few draws, or from resampled rows."""
        found = []
        if self.unit == "row" and panel.n_entities < panel.n_obs:
            message = marked(
                "single rows are resampled, as if an entity's rows were independent; where they are not, "
                "intervals are too narrow"
            )
            found.append(Note("W-ROWBOOT", "", message))
        least = round(2.0 / (1.0 - self.level), 6)
        if self.draws < least:
            message = Message(
                "limits of level {level} rest on {draws} draws; with fewer than {least} they are the "
                "outermost draws",
                level=f"{self.level:g}",
                draws=self.draws,
                least=f"{least:g}",
            )
            found.append(Note("W-FEWBOOT", "", message))
        return tuple(found)
