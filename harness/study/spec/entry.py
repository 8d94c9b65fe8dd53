"""Entries of lists of choices: name, options, id and what they identify; and the ladder of estimators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal, Self, get_args, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ModelWrapValidatorHandler, model_validator

from harness.data.name import ColumnName, as_entries
from harness.data.panel import Panel, SplitUnit
from harness.data.rules import RowFilter
from harness.registry.catalog import USE, Choose
from harness.study.spec.schema_text import WORDS

# In the order in which a study has its headline effect, before anything is fitted: effects of a treatment by
# methods that hold where starts and effects differ; slopes by instruments, and given the outcome's own past;
# impacts with those on neighbours; debiased effects, and those through mediators; coefficients within
# entities, and pooled ones.
Identified = Literal[
    "staged_treatment",
    "instruments",
    "dynamics",
    "spatial_impacts",
    "debiased",
    "mediation",
    "within",
    "pooled",
]
IDENTIFIED: Final[tuple[Identified, ...]] = get_args(Identified)


def identified_by(choice: object) -> Identified | None:
    """Return what an estimator or a scenario with its options identifies, as it declares; None of others."""
    return getattr(choice, "identifies", None)


# Key under which an entry's options are gathered; no YAML key is looked up under it.
CHOICE: Final = "(choice)"

EntryId = Annotated[
    str,
    Field(
        pattern="^[a-z][a-z0-9_]*$",
        json_schema_extra={WORDS: "a name of a-z, 0-9 and _ that starts with a letter"},
    ),
]


def _frozen(written: object) -> object:
    """Return what is written with tuples instead of lists, which a strict type of an entry takes."""
    if isinstance(written, Mapping):
        return {key: _frozen(value) for key, value in written.items()}
    return tuple(map(_frozen, written)) if isinstance(written, list) else written


def entry_ids(written: object) -> list[object]:
    """Return what each entry of a list is called, as `Entry` would; nothing where no list is written."""
    entries = as_entries(written)
    return [
        entry.get("id", entry.get(USE)) if isinstance(entry, Mapping) else entry
        for entry in (entries if isinstance(entries, tuple) else ())
    ]


class Entry(BaseModel):
    """A choice by name, written as the name alone or with its options beside it.

    A subclass declares its own keys as fields, and the chosen object as the field with the alias `CHOICE`.
    All other keys are options of the choice.

    Attributes
    ----------
    id : how tables and other parts of the spec call the entry; its name unless given
    use : name of the choice
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    id: EntryId = ""
    use: str = ""

    @classmethod
    def own_keys(cls) -> frozenset[str]:
        """Return the keys that are the entry's own, and so no options."""
        return frozenset(key for key, field in cls.model_fields.items() if field.alias != CHOICE)

    @model_validator(mode="wrap")
    @classmethod
    def _gathered(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:  # noqa: ANN401 - any YAML value
        """Gather the options under one key, and name the entry by its choice unless it has an id."""
        written = {USE: value} if isinstance(value, str) else value
        if not isinstance(written, Mapping):
            return handler(value)
        own = {key: _frozen(given) for key, given in written.items() if key in cls.own_keys()}
        chosen = {key: given for key, given in written.items() if key not in own or key == USE}
        entry = handler({**own, CHOICE: chosen})
        return entry if entry.id else entry.model_copy(update={"id": entry.use})


# What an estimator is fitted on: the outcome, its logarithm, or a transformation that takes zeros as well.
Target = Literal["level", "log", "log1p", "asinh"]

# How moderators and controls enter: as they are, or the logarithms of those above zero in all training rows.
Regressors = Literal["level", "log"]

# How labels of estimators end that a spec gives none.
IN_WORDS: Mapping[Target, str] = {
    "level": "",
    "log": " in logs",
    "log1p": " in log(1 + y)",
    "asinh": " in inverse hyperbolic sines",
}


def _require_effect(choice: object, *, primary: bool) -> None:
    """Refuse what is declared primary and has no single effect."""
    if primary and identified_by(choice) is None:
        message = (
            "a primary effect is one number: of an estimator with a coefficient, or of a scenario such as "
        )
        raise ValueError(message + "did, or effect with line or contrast among its forms and no `by`")


class EstimatorEntry(Entry):
    """An estimator with its options, and the columns and rows that it is given.

    Attributes
    ----------
    primary : whether its coefficient of the exposure is what the study asks before anything is seen: the
        headline of every outcome, significant or not
    label : how the report calls it; its id where empty
    entity_means : whether the means of all regressors by entity are regressors too (Mundlak 1978)
    exposure : a regressor that is its exposure; left out, the exposure of the study, which is no regressor of
        this estimator where another is named
    controls : of the controls of the study those that it has; left out, all
    target : what it is fitted on: the outcome in its ``level``, its ``log``, its ``log1p`` or its ``asinh``.
        Predictions, curves and gains are in the outcome's unit all the same, by smearing (Duan 1983)
    regressors : how moderators and controls enter: in their ``level``, or in their ``log`` those that are
        above zero in all training rows and take more than two values; the exposure enters as it is
    split_unit : what is set aside to stop or select its fits on all rows: whole entities, single rows, or the
        last periods. Fits on folds follow their protocol
    rows : that it is fitted on, by column; left out, all. With rows of its own it has coefficients, curves
        and effects, and no gain: gains are over the same rows
    time_limit : seconds that a task of it may take (a fit on a fold, or on all rows, or a block of draws),
        instead of ``--time-limit``; what takes longer is a row with this reason
    scenarios : ids of the scenarios that it answers; left out, all; an empty list where only its
        predictions are compared
    estimator : the estimator
    """

    primary: bool = False
    label: str = ""
    entity_means: bool = False
    exposure: ColumnName | None = None
    controls: tuple[ColumnName, ...] | None = None
    target: Target = "level"
    regressors: Regressors = "level"
    split_unit: SplitUnit = "entity"
    rows: Mapping[ColumnName, RowFilter] = Field(default_factory=dict)
    time_limit: Annotated[float, Field(gt=0)] | None = None
    scenarios: tuple[str, ...] | None = None
    estimator: Annotated[Any, Choose("estimator")] = Field(alias=CHOICE)

    @model_validator(mode="after")
    def _has_effect(self) -> Self:
        _require_effect(self.estimator, primary=self.primary)
        return self

    def answers(self, scenario: str) -> bool:
        """Return whether it answers a scenario, by its id."""
        return self.scenarios is None or scenario in self.scenarios

    @property
    def is_in_levels(self) -> bool:
        """Whether outcome and regressors enter as they are."""
        return self.target == self.regressors == "level"

    def columns_of(self, panel: Panel) -> Panel:
        """Return a panel of the study with the regressors that this estimator has."""
        if self.exposure is None and self.controls is None:
            return panel
        own = panel if self.exposure is None else panel.with_exposure(self.exposure)
        left_out = () if own.exposure == panel.exposure else panel.exposure_columns
        allowed = own.controls if self.controls is None else self.controls
        return own.with_controls([name for name in allowed if name not in left_out])


class ProtocolEntry(Entry):
    """A protocol with its options.

    Attributes
    ----------
    protocol : the protocol
    """

    protocol: Annotated[Any, Choose("protocol")] = Field(alias=CHOICE)


class MetricEntry(Entry):
    """A metric with its options.

    Attributes
    ----------
    metric : the metric
    """

    metric: Annotated[Any, Choose("metric")] = Field(alias=CHOICE)


class ScenarioEntry(Entry):
    """A scenario with its options.

    Attributes
    ----------
    primary : whether its first effect is what the study asks before anything is seen: the headline of every
        outcome, significant or not, and all else is secondary
    scenario : the scenario
    """

    primary: bool = False
    scenario: Annotated[Any, Choose("scenario")] = Field(alias=CHOICE)

    @model_validator(mode="after")
    def _has_effect(self) -> Self:
        _require_effect(self.scenario, primary=self.primary)
        return self


# Word of a spec that stands for the entries which the installed estimators offer.
LADDER: Final = "ladder"

# Position of the first entry of the ladder that uses regressors.
LINEAR: Final = 100


@dataclass(frozen=True)
class LadderEntry:
    """An entry of the ladder of estimators, listed in an estimator's ``ladder``.

    Attributes
    ----------
    place : sort key: below 100 without regressors, from 100 linear in parameters, from 200 with a learned
        functional form
    label : in the report
    id : of the entry; empty for the estimator's name
    options : as in a spec
    is_drafted : whether ``harness init`` includes it in its short ladder
    absorbs : keys whose effects it absorbs, ``entity`` or ``time``
    """

    place: int
    label: str
    id: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    is_drafted: bool = False
    absorbs: frozenset[str] = frozenset()


@dataclass(frozen=True)
class SimpleRival:
    """A candidate for the best simple estimator, listed in an estimator's ``rivals``.

    Attributes
    ----------
    position : sort key; of equal errors the first wins
    label : in tables and sentences
    options : as in a spec
    target, regressors : as of an entry of a spec
    """

    position: int
    label: str
    options: Mapping[str, Any] = field(default_factory=dict)
    target: Target = "level"
    regressors: Regressors = "level"


def expand_ladder(written: object, estimators: Mapping[str, type]) -> object:
    """Return the entries instead of the word, and anything else as it is.

    Parameters
    ----------
    written : what a spec has under ``estimators``
    estimators : installed ones by name; entries of equal place come in the order of these names
    """
    if written != LADDER:
        return written
    return _entries(_offered_entries(estimators))


def drafted_entries(
    estimators: Mapping[str, type], absorbing: Sequence[frozenset[str]] = ()
) -> list[dict[str, Any]]:
    """Return the entries of a first study as entries of a spec; none that names an estimator not there.

    An entry whose effects would leave nothing of the exposure makes room for the one of its estimator that
    takes out most of the others.

    Parameters
    ----------
    absorbing : sets of keys whose effects leave nothing of the exposure
    """
    offered = _offered_entries(estimators)

    def says_nothing(entry: LadderEntry) -> bool:
        return any(keys <= entry.absorbs for keys in absorbing)

    drafted: list[tuple[LadderEntry, str]] = []
    for entry, name in offered:
        named = _named(entry, estimators[name])
        if not entry.is_drafted or not all(needed in estimators for needed in named):
            continue
        if not says_nothing(entry):
            drafted.append((entry, name))
            continue
        others = [entry for entry, of in offered if of == name and entry.absorbs and not says_nothing(entry)]
        drafted += [(max(others, key=lambda entry: len(entry.absorbs)), name)] if others else []
    return _entries(drafted)


def ladder_places(estimators: Mapping[str, type]) -> Mapping[str, int]:
    """Return the places of the ladder's entries by the ids of their entries."""
    return {entry.id or name: entry.place for entry, name in _offered_entries(estimators)}


def _offered_entries(estimators: Mapping[str, type]) -> list[tuple[LadderEntry, str]]:
    return [(entry, name) for name in sorted(estimators) for entry in getattr(estimators[name], "ladder", ())]


def _named(entry: LadderEntry, estimator: type) -> list[str]:
    """Return the estimators that an entry's options name."""
    kinds = get_type_hints(estimator, include_extras=True)
    nested = [
        option
        for key, option in entry.options.items()
        if Choose("estimator") in getattr(kinds.get(key), "__metadata__", ())
    ]
    return [option[USE] if isinstance(option, Mapping) else str(option) for option in nested]


def _entries(offered: list[tuple[LadderEntry, str]]) -> list[dict[str, Any]]:
    return [
        {**({"id": entry.id} if entry.id else {}), USE: name, "label": entry.label, **entry.options}
        for entry, name in sorted(offered, key=lambda offered: offered[0].place)
    ]
