"""The manifest of a run: study, data, versions, and the status of every cell."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, TypeVar

from pydantic import TypeAdapter, ValidationError

from harness.data.name import exposure_columns
from harness.errors import ArtifactError, Problem
from harness.evaluation.protocol import KNOWN_ENTITIES, KNOWN_PERIODS, LATER_PERIODS, TOUCHES_TEST_ROWS, Leak
from harness.language import ENGLISH, rendered
from harness.study.expectations.claim import OpenQuestion, PublishedConclusion
from harness.study.spec.study import Brackets, ReportFormat, Variable
from harness.tables.registry import TABLES
from harness.tables.table import ResultTable

# What data call the column of entities after the word for them, as in "Company identifier".
IDENTIFIER = re.compile(
    r"(?i)(?<=\w)([\s_-]+(identifier|identification|id|code|number|no\.?|name|key)|代码|编号|编码|名称|标识)$"
)


@dataclass(frozen=True)
class EstimatorRecord:
    """One estimator of the study.

    Attributes
    ----------
    id : in the tables
    use : name of the estimator
    label : unique in the study
    options : as plain data, nested estimators with their name under ``use``
    has_levels : whether it, or a nested estimator, absorbs entity effects
    n_candidates : number of candidates it selects from; 1 without tuning
    """

    id: str
    use: str
    label: str
    options: Mapping[str, Any]
    has_levels: bool = False
    n_candidates: int = 1

    @property
    def effects(self) -> tuple[str, ...]:
        """Absorbed keys and columns, if the options name any."""
        asked = [self.options.get(name) for name in ("effects", "absorb")]
        return tuple(str(column) for names in asked if isinstance(names, list) for column in names)

    @property
    def has_entity_effects(self) -> bool:
        """Whether it absorbs entity effects, by its options or by construction."""
        return self.has_levels or "entity" in self.effects

    @property
    def goes_by_within(self) -> bool:
        """Whether it uses within-entity variation: by entity effects, or entity means of its regressors."""
        return self.has_entity_effects or bool(self.options.get("entity_means"))


@dataclass(frozen=True)
class ProtocolRecord:
    """One protocol of the study.

    Attributes
    ----------
    id : in the tables
    use : name of the protocol
    title : unique in the study
    how : description in a sentence
    leaks : information leakage between training and test rows
    how_code : code and values of `how`, as `harness.language.to_json` writes them
    """

    id: str
    use: str
    title: str
    how: str
    leaks: tuple[Leak, ...]
    how_code: str = ""

    @property
    def keeps_test_rows_apart(self) -> bool:
        """Whether test rows are excluded from fitting, selection and preparation."""
        return TOUCHES_TEST_ROWS.isdisjoint(leak.code for leak in self.leaks)

    @property
    def knows_entities(self) -> bool:
        """Whether test entities also occur in training."""
        return any(leak.code in KNOWN_ENTITIES for leak in self.leaks)

    @property
    def tested_periods(self) -> Literal["known", "other", "later"]:
        """Whether test periods also occur in training, or else lie between or behind those."""
        codes = {leak.code for leak in self.leaks}
        other: Literal["other", "later"] = "other" if LATER_PERIODS.code in codes else "later"
        return "known" if codes & KNOWN_PERIODS else other


@dataclass(frozen=True)
class MetricRecord:
    """One loss beside squared error: id of its rows, title, what it is in a sentence, the code of that."""

    id: str
    title: str
    how: str
    how_code: str = ""


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
class HeadlineRecord:
    """What may be the headline effect of a study, chosen by what was requested alone.

    Attributes
    ----------
    identifies : one of `harness.study.spec.entry.IDENTIFIED`
    estimator, scenario : id of the one that it is of
    is_declared : whether the study declares it
    """

    identifies: str
    estimator: str = ""
    scenario: str = ""
    is_declared: bool = False


@dataclass(frozen=True)
class ScaleRecord:
    """By how much of a variable, and in what, sentences state effects.

    Attributes
    ----------
    kind : ``binary`` holds zeros and ones, ``log`` is the logarithm of another column
    step : of a number, the change that is stated, in its unit
    step_of : where that is from: the spec, or a standard deviation within entities or, of a variable that is
        constant within them, of all rows; of two significant digits
    source : column that a logarithm is of
    mean : over all rows, of a number without negative values
    """

    kind: Literal["number", "binary", "log"] = "number"
    step: float | None = None
    step_of: Literal["spec", "within", "all"] = "within"
    source: str = ""
    mean: float | None = None


@dataclass(frozen=True)
class StudyRecord:
    """The study as requested.

    Attributes
    ----------
    id : name of the study
    quick : whether draws, splits and restarts were reduced
    reference, further_references : ids of the reference estimators of gains
    level : in (0, 1), nominal coverage of the intervals
    formats : of the report
    featured : ids of the estimators shown for groups and surfaces; empty for the report's choice
    metrics : losses in addition to squared error
    left_open : what the publication does not state
    conclusions : of the publication
    levels : categories of a categorical exposure, the base first
    exposures : exposures of scenarios that replace `exposure`, by the id of the scenario
    primary : the primary debiased effect; None if there is none
    headline : effects that could be the headline, the one that is first
    language : of the report
    brackets : what is printed below estimates in tables for a paper
    stars : significance levels of stars there, decreasing
    least_gain : smallest relevant gain, a fraction of the reference's error
    negligible : sizes of negligible slopes, by the id of the scenario
    scales : how effects of variables, and on them, are stated, by column
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
    headline: tuple[HeadlineRecord, ...] = ()
    language: str = ENGLISH
    brackets: Brackets = "std_error"
    stars: tuple[float, ...] = ()
    least_gain: float = 0.1
    negligible: Mapping[str, float] = field(default_factory=dict)
    scales: Mapping[str, ScaleRecord] = field(default_factory=dict)

    @property
    def exposure_columns(self) -> tuple[str, ...]:
        """Regressors that hold the exposure: itself, or a dummy for each category but the base."""
        return exposure_columns(self.exposure, self.levels)

    def exposure_of(self, scenario: str) -> str:
        """Return the exposure of a scenario."""
        return self.exposures.get(scenario, self.exposure)

    def leads(self, *, estimator: str = "", scenario: str = "") -> bool:
        """Return whether the headline effect is that of an estimator or of a scenario, by its id."""
        first = self.headline[:1]
        return [(one.estimator, one.scenario) for one in first] == [(estimator, scenario)]

    def level_at(self, exposure: str, position: float) -> str:
        """Return a category of the exposure by its code; empty for a continuous exposure."""
        return self.levels[int(position)] if self.levels and exposure == self.exposure else ""

    @property
    def honest_first(self) -> tuple[ProtocolRecord, ...]:
        """The protocols, those with separate test rows first."""
        return tuple(sorted(self.protocols, key=lambda protocol: not protocol.keeps_test_rows_apart))

    @property
    def references(self) -> tuple[str, ...]:
        """All reference estimators of gains."""
        return (self.reference, *self.further_references)

    @property
    def reference_label(self) -> str:
        """Label of the reference."""
        return self.estimator_label(self.reference)

    def estimator_label(self, name: str) -> str:
        """Return the label of an estimator; one that the study does not list has its catalog name."""
        return next((entry.label for entry in self.estimators if entry.id == name), rendered(name))

    def protocol_title(self, name: str) -> str:
        """Return the title of a protocol; its id if the study does not list it."""
        return next((entry.title for entry in self.protocols if entry.id == name), name)

    def label(self, variable: str) -> str:
        """Return the label of a variable, or its name; of the entity without words such as ``identifier``."""
        label = self.variables.get(variable, Variable()).label or variable
        return IDENTIFIER.sub("", label) if variable == self.entity else label

    def unit(self, variable: str) -> str:
        """Return a variable's unit, or an empty string."""
        return self.variables.get(variable, Variable()).unit

    def scale(self, variable: str) -> ScaleRecord:
        """Return how effects of a variable, or on it, are stated; by one unit where nothing is known."""
        return self.scales.get(variable, ScaleRecord())

    def axis_label(self, variable: str) -> str:
        """Return "label (unit)"."""
        unit = self.unit(variable)
        return f"{self.label(variable)} ({unit})" if unit else self.label(variable)


def options_in_words(given: Mapping[str, Any]) -> str:
    """Return plain options as "name: value" pairs, nested ones in brackets."""
    return ", ".join(f"{name}: {choice_in_words(value)}" for name, value in given.items() if name != "use")


def choice_in_words(value: object) -> str:
    """Return a plain option, a choice as its name with its own options in brackets."""
    if isinstance(value, Mapping):
        pairs = options_in_words(value)
        return " ".join([*([value["use"]] if "use" in value else []), *([f"({pairs})"] if pairs else [])])
    if isinstance(value, list):
        return " + ".join(choice_in_words(item) for item in value) or "none"
    return value if isinstance(value, str) else json.dumps(value)


Record = TypeVar("Record")


@dataclass(frozen=True)
class DataRecord:
    """Which data were used.

    Attributes
    ----------
    origin : file or data set
    sha256 : of the file's bytes; None where there is no file
    simulated : whether the study drew them
    balanced : whether every entity has every period
    first_period, last_period : labels of the panel's first and last period
    title_code, source_code : code and values of title and source where the harness wrote them
    n_read : rows of the table before any was left out
    """

    origin: str
    title: str
    source: str
    sha256: str | None
    simulated: bool
    n_obs: int
    n_entities: int
    n_periods: int
    balanced: bool
    first_period: str | int
    last_period: str | int
    title_code: str = ""
    source_code: str = ""
    n_read: int | None = None


@dataclass(frozen=True)
class SpecRecord:
    """Which spec was run.

    Attributes
    ----------
    path : its file
    sha256 : of the file, without the overrides
    overrides : ``key=value`` changes to it
    """

    path: str
    sha256: str
    overrides: tuple[str, ...]


@dataclass(frozen=True)
class CellRecord:
    """How one cell of the study ended: a fold, a fit on all rows or an answer to a scenario.

    Attributes
    ----------
    cell : its name
    reason : why it has no numbers, where it has none
    reason_code : code and values of the reason, as `harness.language.to_json` writes them
    seconds : >= 0, that it took
    memory : bytes that it took at its height; None where that was not measured
    """

    cell: str
    status: str
    reason: str
    seconds: float
    memory: int | None = None
    reason_code: str = ""


@dataclass(frozen=True)
class Manifest:
    """Study, data and versions of a run, and the status of each cell.

    Attributes
    ----------
    manifest_version : format of the folder as it was written
    versions : of Python, libraries and plugin distributions
    command : repeats the run
    started : when, in ISO 8601
    seconds : wall time of the run without its report
    scenario_tables : tables declared by scenarios of plugins, in addition to those of `harness.tables`
    files : SHA-256 of every reported file, by path within the folder; filled in by
        `RunFolder.write_manifest`
    rules_version : of the rules that made the findings
    code : SHA-256 of the source of the harness and of each installed plugin, by package
    forced : files that had changed when a report was forced
    """

    manifest_version: str
    study: StudyRecord
    data: DataRecord
    spec: SpecRecord
    versions: Mapping[str, str]
    command: str
    started: str
    seconds: float
    cells: tuple[CellRecord, ...]
    scenario_tables: tuple[ResultTable, ...]
    files: Mapping[str, str]
    rules_version: int
    code: Mapping[str, str] = field(default_factory=dict)
    forced: tuple[str, ...] = ()

    @property
    def tables(self) -> Mapping[str, ResultTable]:
        """CSV tables that the run may have, by name, without the details of fits."""
        return {**{table.name: table for table in self.scenario_tables}, **TABLES}

    def to_json(self) -> str:
        """Return the manifest as text, one key per line; `harness.record.migrations.manifest_of` reads it."""
        return record_text(self)


# What reads and writes a kind of record; making one takes longer than most records.
_adapter: Callable[[Any], TypeAdapter[Any]] = cache(TypeAdapter)


def record_text(record: object) -> str:
    """Return a record as text, a key a line."""
    return json_text(_adapter(type(record)).dump_python(record, mode="json"))


def json_text(content: object) -> str:
    """Return JSON data as text, a key a line."""
    return f"{json.dumps(content, indent=1, ensure_ascii=False)}\n"


def read_record(kind: type[Record], text: str, *, where: str, hint: str) -> Record:
    """Return the record that `record_text` wrote.

    Raises
    ------
    ArtifactError
        Naming every key that is missing or of a wrong type.
    """
    try:
        read: Record = _adapter(kind).validate_json(text)
    except ValidationError as error:
        mistakes = error.errors()
        places = (": ".join(filter(None, (where, ".".join(map(str, one["loc"]))))) for one in mistakes)
        raise ArtifactError(
            *(Problem(place, one["msg"], hint=hint) for place, one in zip(places, mistakes, strict=True))
        ) from error
    return read
