"""What the manifest says of the study that was run: what was asked, and how each part is called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.data.name import exposure_columns
from harness.evaluation.protocol import SAME_ENTITY, SAME_PERIOD, TOUCHES_TEST_ROWS, TRAINING_ROWS, Leak
from harness.language import ENGLISH, gettext
from harness.study.expectations.claim import OpenQuestion, PublishedConclusion
from harness.study.spec.study import Brackets, ReportFormat, Variable


@dataclass(frozen=True)
class EstimatorRecord:
    """One estimator of the study.

    Attributes
    ----------
    id : names its rows in the tables
    use : name it is chosen by
    label : how it is called, unlike any other of the study
    options : its options as plain data, nested estimators with their name under ``use``
    has_levels : whether it, or an estimator nested in it, takes out a level of each entity
    n_candidates : estimators that it compares to keep the best; 1 for one that is given its options
    """

    id: str
    use: str
    label: str
    options: Mapping[str, Any]
    has_levels: bool = False
    n_candidates: int = 1

    @property
    def effects(self) -> tuple[str, ...]:
        """Keys and columns whose levels have effects, where the options ask for any."""
        asked = [self.options.get(name) for name in ("effects", "absorb")]
        return tuple(str(column) for names in asked if isinstance(names, list) for column in names)

    @property
    def has_entity_effects(self) -> bool:
        """Whether it takes out a level of each entity, as its options ask or by what it is."""
        return self.has_levels or "entity" in self.effects

    @property
    def goes_by_within(self) -> bool:
        """Whether it goes by differences within entities: given their levels, or means of its regressors."""
        return self.has_entity_effects or bool(self.options.get("entity_means"))


@dataclass(frozen=True)
class ProtocolRecord:
    """One protocol of the study.

    Attributes
    ----------
    id : names its rows in the tables
    use : name it is chosen by
    title : how it is called, unlike any other of the study
    how : what it does, in a sentence
    leaks : what the training rows know of the test rows
    """

    id: str
    use: str
    title: str
    how: str
    leaks: tuple[Leak, ...]

    @property
    def keeps_test_rows_apart(self) -> bool:
        """Whether the test rows take no part in fitting, selecting or preparing."""
        return TOUCHES_TEST_ROWS.isdisjoint(leak.code for leak in self.leaks)

    @property
    def knows_entities(self) -> bool:
        """Whether other rows of the tested entities are trained on."""
        return any(leak.code in {SAME_ENTITY.code, TRAINING_ROWS.code} for leak in self.leaks)

    @property
    def knows_periods(self) -> bool:
        """Whether other rows of the tested periods are trained on."""
        return any(leak.code in {SAME_PERIOD.code, TRAINING_ROWS.code} for leak in self.leaks)


@dataclass(frozen=True)
class MetricRecord:
    """One loss beside squared error: the id of its rows, its title, and what it is in a sentence."""

    id: str
    title: str
    how: str


@dataclass(frozen=True)
class PrimaryRecord:
    """The debiased effect that comes first, told by what the study asks alone.

    Attributes
    ----------
    scenario, method, form, learner : of its rows in the table of effects
    is_declared : whether the study declares it; otherwise it is the first of those asked
    """

    scenario: str
    method: str
    form: str
    learner: str
    is_declared: bool


@dataclass(frozen=True)
class StudyRecord:
    """What was asked.

    Attributes
    ----------
    id : name of the study
    quick : whether draws, splits and restarts were cut, which leaves no number to be expected
    reference, further_references : ids of the estimators that gains are over
    level : in (0, 1), nominal coverage of the intervals
    formats : of the report
    featured : ids of the estimators that groups and surfaces are shown of; empty for the report's own choice
    metrics : losses beside squared error
    left_open : what the publication does not say
    conclusions : what it concludes
    levels : of a categorical exposure, the base first
    exposures : variables that scenarios ask about in the place of `exposure`, by the id of the scenario
    primary : the debiased effect that comes first; None where none is asked
    language : of the report
    brackets : what stands beneath estimates in tables for a paper
    stars : levels of p-values for stars there, falling
    least_gain : fraction of the reference's error from which on a gain matters
    negligible : sizes of slopes that count as none, by the id of the scenario that says so
    """

    id: str
    title: str
    description: str
    seed: int
    quick: bool
    entity: str
    time: str
    outcomes: tuple[str, ...]
    exposure: str
    moderators: tuple[str, ...]
    controls: tuple[str, ...]
    variables: Mapping[str, Variable]
    estimators: tuple[EstimatorRecord, ...]
    reference: str
    further_references: tuple[str, ...]
    protocols: tuple[ProtocolRecord, ...]
    level: float
    formats: tuple[ReportFormat, ...]
    featured: tuple[str, ...]
    metrics: tuple[MetricRecord, ...] = ()
    left_open: tuple[OpenQuestion, ...] = ()
    conclusions: tuple[PublishedConclusion, ...] = ()
    levels: tuple[str, ...] = ()
    exposures: Mapping[str, str] = field(default_factory=dict)
    primary: PrimaryRecord | None = None
    language: str = ENGLISH
    brackets: Brackets = "std_error"
    stars: tuple[float, ...] = ()
    least_gain: float = 0.1
    negligible: Mapping[str, float] = field(default_factory=dict)

    @property
    def exposure_columns(self) -> tuple[str, ...]:
        """The regressors that hold the exposure: itself, or one for each level but the base."""
        return exposure_columns(self.exposure, self.levels)

    def exposure_of(self, scenario: str) -> str:
        """Return the variable that a scenario asks about."""
        return self.exposures.get(scenario, self.exposure)

    def level_at(self, exposure: str, position: float) -> str:
        """Return a level of the exposure by its position; empty where the exposure asked about has none."""
        return self.levels[int(position)] if self.levels and exposure == self.exposure else ""

    @property
    def honest_first(self) -> tuple[ProtocolRecord, ...]:
        """The protocols, those that keep test rows apart before the others."""
        return tuple(sorted(self.protocols, key=lambda protocol: not protocol.keeps_test_rows_apart))

    @property
    def references(self) -> tuple[str, ...]:
        """All estimators that gains are over."""
        return (self.reference, *self.further_references)

    @property
    def reference_label(self) -> str:
        """How the reference is called."""
        return self.estimator_label(self.reference)

    def estimator_label(self, name: str) -> str:
        """Return how an estimator is called; one that the study does not list has its name in catalogs."""
        return next((entry.label for entry in self.estimators if entry.id == name), gettext(name))

    def protocol_title(self, name: str) -> str:
        """Return how a protocol is called; its id where the study does not list it."""
        return next((entry.title for entry in self.protocols if entry.id == name), name)

    def label(self, variable: str) -> str:
        """Return how a variable is called; its name where it has no label."""
        return self.variables.get(variable, Variable()).label or variable

    def unit(self, variable: str) -> str:
        """Return a variable's unit, or an empty string."""
        return self.variables.get(variable, Variable()).unit

    def axis_label(self, variable: str) -> str:
        """Return "label (unit)"."""
        unit = self.unit(variable)
        return f"{self.label(variable)} ({unit})" if unit else self.label(variable)
