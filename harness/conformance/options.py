"""Members to test, built from the options that are given and from stand-ins."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from harness.conformance.panels import COLUMNS, StandIn
from harness.errors import Problem, SpecError, near_names
from harness.estimators.protocol import ESTIMATOR
from harness.registry.catalog import Catalog, Choose, build_choice
from harness.registry.kind import Kind
from harness.registry.registry import Registry
from harness.study.spec.document import Document, with_overrides
from harness.study.spec.node import Node, Place, spec_error, spell

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
            raise SpecError(Problem(f"--set {name}", what, "NAME.OPTION=VALUE", "such as mine.draws=20"))
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
    members = registry.of(ESTIMATOR)
    catalogs = {
        **registry.catalogs,
        ESTIMATOR.name: Catalog(ESTIMATOR, {**members, StandIn.name: StandIn}),
    }
    member = catalogs[kind.name].members[name]
    if not isinstance(member, type):
        return member
    options = _stand_ins(member) | dict(given)
    try:
        return build_choice(catalogs, kind.name, name, options)
    except PydanticCustomError as error:
        raise SpecError(Problem(f"{kind.name} {name}", error.message())) from error
    except ValidationError as error:
        names = [option.name for option in dataclasses.fields(member)]
        found = [_problem(kind.name, name, names, dict(fault)) for fault in error.errors(include_url=False)]
        raise SpecError(*found) from error


def _stand_ins(cls: type) -> dict[str, object]:
    """Return what stands in for options without a default: estimators, names of columns, lists of these."""
    hints, plain_hints = get_type_hints(cls, include_extras=True), get_type_hints(cls)
    columns = iter((*COLUMNS[1:], COLUMNS[0]))
    found: dict[str, object] = {}
    for option in dataclasses.fields(cls) if dataclasses.is_dataclass(cls) else ():
        if option.default is not dataclasses.MISSING or option.default_factory is not dataclasses.MISSING:
            continue
        plain, notes = plain_hints[option.name], getattr(hints[option.name], "__metadata__", ())
        if _is_estimator(hints[option.name]):
            found[option.name] = StandIn.name
        elif get_origin(plain) is tuple and _is_estimator(get_args(_unannotated(hints[option.name]))[0]):
            found[option.name] = [StandIn.name] * N_STAND_INS
        elif plain is str:
            found[option.name] = "made" if option.name == "into" else next(columns, COLUMNS[0])
        elif get_origin(plain) is tuple and str in get_args(plain):
            n_columns = _most(notes) if ... in get_args(plain) else len(get_args(plain))
            found[option.name] = list(COLUMNS[:n_columns])
    return found


def _is_estimator(hint: object) -> bool:
    """Return whether an option of this type is an estimator that a spec chooses."""
    notes = getattr(hint, "__metadata__", ())
    return any(isinstance(note, Choose) and note.kind == ESTIMATOR.name for note in notes)


def _unannotated(hint: object) -> object:
    """Return a type without what is noted of it as a whole; what is noted of its parts stays."""
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


def _most(notes: Sequence[object]) -> int:
    """Return how many columns a list may name, as its annotation bounds it."""
    bounds = [bound for note in notes for bound in getattr(note, "metadata", ())]
    allowed: list[int] = [bound.max_length for bound in bounds if hasattr(bound, "max_length")]
    return min([len(COLUMNS), *allowed])


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
