"""A fit with effects, and what it tells of an exposure that is a treatment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.plugin import Note
from harness_panel.events.event_study import Events
from harness_panel.results.linear_fit import EffectsFit


@dataclass(frozen=True, eq=False, repr=False)
class EventsFit(EffectsFit):
    """A fit with effects of entities, periods or other levels.

    Attributes
    ----------
    events : what is told of an exposure that is a treatment, with two-way effects; None of others
    """

    events: Events | None = field(default=None, kw_only=True)

    @property
    def notes(self) -> tuple[Note, ...]:
        """What was dropped, whether solvers disagree, and whether treatment is staggered."""
        told = () if self.events is None else self.events.notes(self.rows.exposure)
        return (*super().notes, *told)

    def details(self) -> Mapping[str, Mapping[str, Sequence[object]]]:
        """Return statistics, diagnostics, influential rows and, of a treatment, its event study."""
        details = dict(super().details())
        if self.events is not None and self.events.study is not None:
            details["event_study"] = self.events.study.columns()
        return details

    def result_rows(self) -> Mapping[str, Mapping[str, Sequence[object]]]:
        """Return the test that a treatment has no effect before it starts."""
        tests = {} if self.events is None else self.events.effect_tests(self.rows.n_entities)
        return {"effect_tests": tests} if tests else {}
