"""An estimator under test, with the fits that several rules look at, and whether two of them agree."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar, cast

import numpy as np
from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from harness.arrays import Floats
from harness.conformance import panels
from harness.data.panel import Panel
from harness.errors import Problem, SpecError, near_names
from harness.estimators import protocol
from harness.estimators.guard import predict, predict_draws
from harness.estimators.protocol import ESTIMATOR
from harness.registry.catalog import CHOICE_OF, OPTIONS, Catalog, Kind, build_choice, options_model
from harness.registry.registry import Registry
from harness.rng import random_stream
from harness.study.spec.document import Document, with_overrides
from harness.study.spec.reader import Node, Place, spec_error, spell

# Options by member, as a spec would hold them.
Options = Mapping[str, Mapping[str, object]]

# Estimators in a list of them that has no default.
N_STAND_INS = 2

# No option but the defaults.
DEFAULTS: Options = MappingProxyType({})


def read_options(overrides: Sequence[str]) -> Options:
    """Return options from texts such as ``mine.draws=20`` or ``mine.base.use=mean``.

    Raises
    ------
    SpecError
        Where a text is not of this form.
    """
    document = with_overrides(Document(Path(), "", "", Node(Place(""), {})), overrides)
    if document.flaws:
        raise spec_error(document.flaws)
    for name, options in document.data.items():
        if not isinstance(options, Mapping):
            what = f"'{name}' is given a value, and not an option"
            raise SpecError.at(f"--set {name}", what, "NAME.OPTION=VALUE", "such as mine.draws=20")
    return document.data


def build(registry: Registry, name: str, given: Mapping[str, object], *, kind: Kind[Any] = ESTIMATOR) -> Any:  # noqa: ANN401 - a member of any kind
    """Return a member with these options, the others at their defaults; what has no options, itself.

    An option without a default that has to be an estimator gets the kit's own, `StandIn`; one that has to be
    a column, or columns, those of the ordinary panel.

    Raises
    ------
    SpecError
        Where an option is unknown, has a wrong value, or has no default and is not given.
    """
    catalogs = with_stand_in(registry).catalogs
    member = catalogs[kind.name].members[name]
    if not isinstance(member, type):
        return member
    options = {**stand_ins(member), **given}
    try:
        return build_choice(catalogs, kind.name, name, options)
    except PydanticCustomError as error:
        raise SpecError.at(f"{kind.name} {name}", error.message()) from error
    except ValidationError as error:
        names = [option.name for option in dataclasses.fields(member)]
        found = [_problem(kind.name, name, names, dict(fault)) for fault in error.errors(include_url=False)]
        raise SpecError(*found) from error


def with_stand_in(registry: Registry) -> Registry:
    """Return a registry that has the kit's own estimator too."""
    members = {**registry.of(ESTIMATOR), panels.StandIn.name: panels.StandIn}
    return dataclasses.replace(
        registry, catalogs={**registry.catalogs, ESTIMATOR.name: Catalog(ESTIMATOR, members)}
    )


def stand_ins(cls: type) -> dict[str, object]:
    """Return what stands in for options without a default: estimators, names of columns, lists of these."""
    if not dataclasses.is_dataclass(cls):
        return {}
    schema = options_model(cls).model_json_schema()
    own = schema["$defs"][schema["properties"][OPTIONS]["$ref"].rpartition("/")[2]]
    columns = iter((*panels.COLUMNS[1:], panels.COLUMNS[0]))
    found: dict[str, object] = {}
    for option in own.get("required", ()):
        shape = own["properties"][option]
        of_list: Mapping[str, Any] = shape.get("items") or next(iter(shape.get("prefixItems", ())), {})
        if shape.get(CHOICE_OF) == ESTIMATOR.name:
            found[option] = panels.StandIn.name
        elif of_list.get(CHOICE_OF) == ESTIMATOR.name:
            found[option] = [panels.StandIn.name] * N_STAND_INS
        elif _is_text(shape):
            found[option] = "made" if option == "into" else next(columns, panels.COLUMNS[0])
        elif _is_text(of_list):
            found[option] = list(panels.COLUMNS[: shape.get("maxItems", len(panels.COLUMNS))])
    return found


def _is_text(shape: Mapping[str, Any]) -> bool:
    """Return whether an option of this JSON Schema is any text, such as the name of a column."""
    return shape.get("type") == "string" and not {"enum", "const"} & set(shape)


def _problem(kind: str, name: str, names: Sequence[str], error: Mapping[str, Any]) -> Problem:
    """Turn what is wrong with the options of a member, which are called `names`, into a problem."""
    place = error["loc"][1:]
    option = spell(place[:1]) or "OPTION"
    if error["type"] == "unexpected_keyword_argument" and len(place) == 1:
        hint = near_names(option, names) or "choose one of these"
        return Problem(f"{kind} {name}", f"unknown option '{option}'", ", ".join(names) or "no option", hint)
    return Problem(
        where=f"{kind} {name}: {spell(place)}" if place else f"{kind} {name}",
        what=error["msg"],
        hint=f"give it a value: --set {name}.{option}=VALUE",
    )


# Largest difference, in standard deviations of the outcome, that is rounding unless declared.
TIGHT = 1e-6

# Label of the stream that is used unless another is named.
FIRST = "fit"


# Labels of the streams that show how far randomness alone moves an estimator.
STREAMS = ("second", "third", "fourth")

# How many times as far apart two fits may be as fits from different streams are.
SLACK = 2.0


T = TypeVar("T")


def able(thing: object, capability: Callable[..., T]) -> T:
    """Return an estimator or a fit that has a capability, given as its protocol class.

    Raises
    ------
    Skipped
        Where it has not.
    """
    if not isinstance(capability, type) or not isinstance(thing, capability):
        raise panels.Skipped(f"{capability.__name__} is not declared")
    return cast("T", thing)


def _taken(outcome: Floats, takes: protocol.Takes) -> Floats:
    """Return a simulated outcome, (n_obs,), as it is, moved above zero, or whether it is above its median."""
    if takes == "zero or one":
        return (outcome > np.median(outcome)).astype(np.float64)
    least = outcome.min() - outcome.std() if takes == "from zero" else 0.0
    return outcome - min(0.0, float(least))


@dataclass(frozen=True, eq=False)
class Case:
    """An estimator under test.

    Attributes
    ----------
    estimator : with its options
    given : the options in words, as they were before any fit
    """

    estimator: protocol.Estimator
    given: str = field(init=False, repr=False)
    _predicted: dict[str, Floats] = field(default_factory=dict, init=False, repr=False)

    @property
    def tight(self) -> float:
        """Largest difference, in standard deviations of the outcome, that is put down to rounding."""
        return max(TIGHT, float(getattr(self.estimator, "roundoff", 0.0)))

    def __post_init__(self) -> None:
        object.__setattr__(self, "given", repr(self.estimator))

    @cached_property
    def panel(self) -> Panel:
        """The ordinary panel, with the groups that the estimator asks for."""
        return self.prepared(panels.ordinary_panel())

    @cached_property
    def train(self) -> Panel:
        """Four fifths of its entities, to train on."""
        return self.panel.take(np.flatnonzero(self.panel.entity.codes % 5 > 0))

    @cached_property
    def aside(self) -> Panel:
        """The other entities, to select on."""
        return self.panel.take(np.flatnonzero(self.panel.entity.codes % 5 == 0))

    @cached_property
    def scale(self) -> float:
        """Standard deviation of the ordinary outcome."""
        return float(self.panel.observed.std())

    @cached_property
    def fit(self) -> protocol.Fitted:
        """The estimator on the ordinary panel."""
        return self.fitted(self.panel)

    def prepared(self, panel: Panel) -> Panel:
        """Return a simulated panel with the groups that the estimator asks for."""
        grouped = panels.grouped(panel, protocol.grouped_by(self.estimator))
        return replace(grouped, observed=_taken(grouped.observed, self.takes))

    @property
    def takes(self) -> protocol.Takes:
        """Which outcomes the estimator takes."""
        return protocol.takes(type(self.estimator))

    def predictions(self, label: str = FIRST) -> Floats:
        """Return predictions of a fit on the ordinary panel for its own rows, (n_obs,)."""
        if label not in self._predicted:
            fit = self.fit if label == FIRST else self.fitted(self.panel, label=label)
            self._predicted[label] = predict(fit, panels.fresh(self.panel))
        return self._predicted[label]

    def fitted(self, panel: Panel, *, label: str = FIRST, selection: Panel | None = None) -> protocol.Fitted:
        """Return a fit on a copy of a panel; equal labels give equal streams."""
        aside = None if selection is None else panels.fresh(selection)
        return self.estimator.fit(panels.fresh(panel), rng=random_stream(panels.SEED, label), selection=aside)

    def predicted(self, panel: Panel, *, at: Panel | None = None) -> Floats:
        """Return predictions of a fit on a panel, for its own rows or for those of `at`."""
        return predict(self.fitted(panel), panels.fresh(panel if at is None else at))

    def drawn(
        self, panel: Panel, weights: Floats, *, selection: protocol.DrawSelection = None, label: str = FIRST
    ) -> protocol.FittedDraws:
        """Return one fit a draw of weights, (n_draws, n_obs).

        Raises
        ------
        Skipped
            Where the estimator does not fit draws.
        """
        if isinstance(selection, Panel):
            selection = panels.fresh(selection)
        elif selection is not None:
            selection = selection.copy()
        estimator, rng = able(self.estimator, protocol.CanFitDraws), random_stream(panels.SEED, label)
        return estimator.fit_draws(panels.fresh(panel), weights=weights.copy(), selection=selection, rng=rng)

    def predicted_draws(
        self,
        panel: Panel,
        weights: Floats,
        *,
        selection: protocol.DrawSelection = None,
        at: Panel | None = None,
        label: str = FIRST,
    ) -> Floats:
        """Return predictions of draws, (n_draws, n_obs), for the panel's rows or for those of `at`."""
        draws = self.drawn(panel, weights, selection=selection, label=label)
        return predict_draws(draws, panels.fresh(panel if at is None else at))


def gap(one: Floats, other: Floats, *, scale: float) -> float:
    """Return the root mean squared difference of predictions of equal shape, over `scale` > 0."""
    return float(np.sqrt(np.mean((one - other) ** 2))) / scale


def require_equal(found: Floats, expected: Floats, *, case: Case, what: str) -> str:
    """Return in words that predictions are equal up to rounding.

    Raises
    ------
    Violation
        Where they are not.
    """
    apart = gap(found, expected, scale=case.scale)
    if apart > case.tight:
        raise panels.Violation(
            f"{what}: predictions differ by {apart:.2g} standard deviations of the outcome"
        )
    return "equal up to rounding"


def require_agreement(found: Floats, expected: Callable[[str], Floats], *, case: Case, what: str) -> str:
    """Return in words that predictions agree.

    An estimator that draws from its stream may draw other numbers for the same question put in another way.
    It may then be as far off as its own fits from different streams are from each other; one that draws
    nothing may not be off at all.

    Parameters
    ----------
    expected : predictions of the fit in question, by the label of its stream

    Raises
    ------
    Violation
        Where predictions differ by more.
    """
    first = expected(FIRST)
    apart = gap(found, first, scale=case.scale)
    if apart <= case.tight:
        return "equal up to rounding"
    spread = max(gap(expected(label), first, scale=case.scale) for label in STREAMS)
    if apart > SLACK * spread:
        by_streams = f", and by {spread:.2g} from one stream to another" if spread > case.tight else ""
        how = f"predictions differ by {apart:.2g} standard deviations of the outcome{by_streams}"
        raise panels.Violation(f"{what}: {how}")
    return f"apart by {apart:.2g} standard deviations of the outcome, as are fits of other streams"
