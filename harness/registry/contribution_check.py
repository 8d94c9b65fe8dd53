"""Whether what a plugin offers can be used: the seam's rules that need no fit."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pydantic import PydanticUndefinedAnnotation, PydanticUserError

from harness.errors import PluginError, Problem
from harness.registry.catalog import options_model

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_PROTOCOL_VALUES = ("title", "leaks", "prepared_on", "stream", "how")
_DATASET_VALUES = ("title", "source")


def check_estimator(offered: object) -> str:
    """Return the name of an estimator class.

    Raises
    ------
    PluginError
        Where it is no frozen dataclass with a name, a `fit`, capabilities and options that can be read.
    """
    cls = _options_class("estimator", offered)
    _check_methods(cls, cls.__name__, ("fit",))
    provides = getattr(cls, "provides", None)
    if not isinstance(provides, frozenset) or not all(isinstance(one, type) for one in provides):
        raise _refusal(
            cls.__name__, "has a `provides` that is no frozenset of capabilities; none is frozenset()"
        )
    return _name(cls, cls.__name__)


def check_protocol(offered: object) -> str:
    """Return the name of a protocol class.

    Raises
    ------
    PluginError
        Where it is no frozen dataclass with all that `harness.EvaluationProtocol` has.
    """
    cls = _options_class("protocol", offered)
    _check_methods(cls, cls.__name__, ("split", "quick"))
    _check_values(cls, cls.__name__, _PROTOCOL_VALUES)
    return _name(cls, cls.__name__)


def check_dataset(offered: object) -> str:
    """Return the name of a dataset.

    Raises
    ------
    PluginError
        Where it lacks something that `harness.Dataset` has.
    """
    if isinstance(offered, type):
        raise _refusal(offered.__name__, "is a class: offer an object of it as the dataset")
    who = type(offered).__name__
    _check_methods(offered, who, ("load",))
    _check_values(offered, who, _DATASET_VALUES)
    return _name(offered, who)


def _options_class(kind: str, offered: object) -> type:
    if not isinstance(offered, type):
        raise _refusal(repr(offered), f"is no class: offer the {kind}'s class itself")
    if not getattr(getattr(offered, "__dataclass_params__", None), "frozen", False):
        raise _refusal(offered.__name__, "is no frozen dataclass: write @dataclass(frozen=True) above it")
    try:
        options_model(offered).model_rebuild()
    except (PydanticUserError, PydanticUndefinedAnnotation) as error:
        reason = str(error).splitlines()[0]
        raise _refusal(offered.__name__, f"has options that cannot be read: {reason}") from error
    return offered


def _name(offered: object, who: str) -> str:
    name = getattr(offered, "name", None)
    if not isinstance(name, str):
        raise _refusal(who, "has no `name`, by which a spec would choose it")
    if not _NAME.fullmatch(name):
        raise _refusal(who, f"has the name {name!r}: write a-z, 0-9 and _, a letter first")
    return name


def _check_methods(offered: object, who: str, names: Iterable[str]) -> None:
    for name in names:
        if not callable(getattr(offered, name, None)):
            raise _refusal(who, f"has no method `{name}`")


def _check_values(offered: object, who: str, names: Iterable[str]) -> None:
    for name in names:
        if not hasattr(offered, name):
            raise _refusal(who, f"has no `{name}`")


def _refusal(who: str, what: str) -> PluginError:
    return PluginError(Problem("", f"{who} {what}"))
