"""Estimators to test, built from the options that are given and from stand-ins."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_type_hints

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from harness.conformance.stand_in import StandIn
from harness.errors import Problem, SpecError, near_names
from harness.estimators.protocol import ESTIMATOR, Estimator
from harness.registry.catalog import Catalog, Choose, build_choice
from harness.registry.registry import Registry
from harness.spec.document import Document
from harness.spec.mistake import Spot, spec_error, spell
from harness.spec.node import Node
from harness.spec.overrides import with_overrides

Options = Mapping[str, Mapping[str, object]]
"""Options by estimator, as a spec would hold them."""

DEFAULTS: Options = MappingProxyType({})
"""No option but the defaults."""


def read_options(overrides: Sequence[str]) -> Options:
    """Return options from texts such as ``rab.draws=20`` or ``rab.base.use=mlp``.

    Raises
    ------
    SpecError
        Where a text is not of this form.
    """
    document = with_overrides(Document(Path(), "", "", Node(Spot(""), {})), overrides)
    if document.flaws:
        raise spec_error(document.flaws)
    for name, options in document.data.items():
        if not isinstance(options, Mapping):
            what = f"'{name}' is given a value, and not an option of an estimator"
            raise SpecError(Problem(f"--set {name}", what, "ESTIMATOR.OPTION=VALUE", "such as rab.draws=20"))
    return document.data


def build(registry: Registry, name: str, given: Mapping[str, object]) -> Estimator:
    """Return an estimator with these options, the others at their defaults.

    An option without a default that has to be an estimator gets the kit's own, `StandIn`.

    Raises
    ------
    SpecError
        Where an option is unknown, has a wrong value, or has no default and is not given.
    """
    known = {**registry.of(ESTIMATOR), StandIn.name: StandIn}
    catalogs = {**registry.catalogs, ESTIMATOR.name: Catalog(ESTIMATOR, known)}
    options = dict.fromkeys(_nested(known[name]), StandIn.name) | dict(given)
    try:
        estimator: Estimator = build_choice(catalogs, ESTIMATOR.name, name, options)
    except PydanticCustomError as error:
        raise SpecError(Problem(f"estimator {name}", error.message())) from error
    except ValidationError as error:
        names = [one.name for one in dataclasses.fields(known[name])]
        found = [_problem(name, names, dict(one)) for one in error.errors(include_url=False)]
        raise SpecError(*found) from error
    return estimator


def _nested(cls: type) -> list[str]:
    """Return the options without a default that are estimators."""
    kinds = get_type_hints(cls, include_extras=True)
    return [
        option.name
        for option in (dataclasses.fields(cls) if dataclasses.is_dataclass(cls) else ())
        if option.default is dataclasses.MISSING
        and option.default_factory is dataclasses.MISSING
        and any(
            isinstance(one, Choose) and one.kind == ESTIMATOR.name
            for one in getattr(kinds[option.name], "__metadata__", ())
        )
    ]


def _problem(name: str, names: Sequence[str], error: Mapping[str, Any]) -> Problem:
    """Turn what is wrong with the options of an estimator, which are called `names`, into a problem."""
    place = error["loc"][1:]
    option = spell(place[:1]) or "OPTION"
    if error["type"] == "unexpected_keyword_argument" and len(place) == 1:
        hint = near_names(option, names) or "choose one of these"
        return Problem(
            f"estimator {name}", f"unknown option '{option}'", ", ".join(names) or "no option", hint
        )
    return Problem(
        where=f"estimator {name}: {spell(place)}" if place else f"estimator {name}",
        what=error["msg"],
        hint=f"give it a value: --set {name}.{option}=VALUE",
    )
