"""Members to test, built from the options that are given and from stand-ins."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from harness.conformance.panels import COLUMNS, StandIn
from harness.errors import Problem, SpecError, near_names
from harness.estimators.protocol import ESTIMATOR
from harness.registry.catalog import CHOICE_OF, Catalog, build_choice
from harness.registry.kind import OPTIONS, Kind, options_model
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
    members = {**registry.of(ESTIMATOR), StandIn.name: StandIn}
    return dataclasses.replace(
        registry, catalogs={**registry.catalogs, ESTIMATOR.name: Catalog(ESTIMATOR, members)}
    )


def stand_ins(cls: type) -> dict[str, object]:
    """Return what stands in for options without a default: estimators, names of columns, lists of these."""
    if not dataclasses.is_dataclass(cls):
        return {}
    schema = options_model(cls).model_json_schema()
    own = schema["$defs"][schema["properties"][OPTIONS]["$ref"].rpartition("/")[2]]
    columns = iter((*COLUMNS[1:], COLUMNS[0]))
    found: dict[str, object] = {}
    for option in own.get("required", ()):
        shape = own["properties"][option]
        of_list: Mapping[str, Any] = shape.get("items") or next(iter(shape.get("prefixItems", ())), {})
        if shape.get(CHOICE_OF) == ESTIMATOR.name:
            found[option] = StandIn.name
        elif of_list.get(CHOICE_OF) == ESTIMATOR.name:
            found[option] = [StandIn.name] * N_STAND_INS
        elif _is_text(shape):
            found[option] = "made" if option == "into" else next(columns, COLUMNS[0])
        elif _is_text(of_list):
            found[option] = list(COLUMNS[: shape.get("maxItems", len(COLUMNS))])
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
