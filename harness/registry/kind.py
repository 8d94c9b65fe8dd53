"""What can be chosen by name: each kind of it declares itself once, in the layer that knows its members."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import pydantic

from harness.errors import PluginError
from harness.registry.hooks import PROJECT

# Segment that pydantic puts before the path of a mistake within options.
OPTIONS = "(options)"


def option_key(name: str) -> str:
    """Return the key of an option in YAML: its name, without the line after one that is a word of Python."""
    return name.removesuffix("_")


@functools.cache
def options_model(cls: type) -> type[pydantic.BaseModel]:
    """Return the strict pydantic model whose field `OPTIONS` is the dataclass `cls`."""
    return pydantic.create_model(
        cls.__name__,
        __config__=pydantic.ConfigDict(
            extra="forbid", strict=True, arbitrary_types_allowed=True, alias_generator=option_key
        ),
        options=(cls, pydantic.Field(alias=OPTIONS)),
    )


_NAME = re.compile(r"[a-z][a-z0-9_]*")

MemberT = TypeVar("MemberT")


@dataclass(frozen=True)
class NamedObject:
    """A member is an object that is chosen as it is.

    Attributes
    ----------
    methods, values : what it must have
    """

    methods: tuple[str, ...] = ()
    values: tuple[str, ...] = ()

    def title(self, offered: object) -> str:
        """Return what messages call an offered member: its class, or itself where it is one."""
        return (offered if isinstance(offered, type) else type(offered)).__name__

    def fault(self, kind: str, offered: object) -> str:
        """Return what is wrong with an offered member, or an empty string."""
        if isinstance(offered, type):
            return f"is a class: offer an object of it as the {kind}"
        return self._lacks(offered)

    def _lacks(self, offered: object) -> str:
        """Return what an offered member has not; the fields of a dataclass are values of its objects."""
        for name in self.methods:
            if not callable(getattr(offered, name, None)):
                return f"has no method `{name}`"
        for name in self.values:
            if not hasattr(offered, name) and name not in getattr(offered, "__dataclass_fields__", ()):
                return f"has no `{name}`"
        return ""


def _nothing_more(_: object) -> str:
    return ""


@dataclass(frozen=True)
class OptionsClass(NamedObject):
    """A member is a class, a frozen dataclass whose fields are the options that a spec may give.

    Attributes
    ----------
    further : says what else is wrong with a class that has all it must have, or returns an empty string
    """

    further: Callable[[Any], str] = _nothing_more

    def title(self, offered: object) -> str:
        """Return the name of the class."""
        return offered.__name__ if isinstance(offered, type) else repr(offered)

    def fault(self, kind: str, offered: object) -> str:
        """Return what is wrong with a class, or an empty string."""
        if not isinstance(offered, type):
            return f"is no class: offer the {kind}'s class itself"
        if not getattr(getattr(offered, "__dataclass_params__", None), "frozen", False):
            return "is no frozen dataclass: write @dataclass(frozen=True) above it"
        try:
            options_model(offered).model_rebuild()
        except (pydantic.PydanticUserError, pydantic.PydanticUndefinedAnnotation) as error:
            return f"has options that cannot be read: {str(error).splitlines()[0]}"
        return self._lacks(offered) or self.further(offered)


@dataclass(frozen=True)
class Kind(Generic[MemberT]):
    """What can be chosen by name at one place of a spec.

    Attributes
    ----------
    name : what is chosen, such as ``estimator``
    plural : the same of several; ends the name of the hook, such as ``harness_estimators``
    member : what a member must be
    """

    name: str
    plural: str
    member: NamedObject

    @property
    def hook(self) -> str:
        """Name of the hook that offers members."""
        return f"{PROJECT}_{self.plural}"

    def name_of(self, offered: object) -> str:
        """Return the name by which a spec chooses an offered member.

        Raises
        ------
        PluginError
            Where it cannot be a member of this kind.
        """
        name: Any = getattr(offered, "name", None)
        fault = self.member.fault(self.name, offered)
        if not fault and not isinstance(name, str):
            fault = "has no `name`, by which a spec would choose it"
        elif not fault and _NAME.fullmatch(name) is None:
            fault = f"has the name {name!r}: write a-z, 0-9 and _, a letter first"
        if fault:
            raise PluginError.at("", f"{self.name} {self.member.title(offered)} {fault}")
        return str(name)


# Members by kind and name.
Contributions = Mapping[str, Mapping[str, Any]]
