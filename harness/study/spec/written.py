"""The values of a script as the YAML file that they would be."""

from __future__ import annotations

import dataclasses
import io
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, ScalarNode
from ruamel.yaml.representer import SafeRepresenter

from harness.errors import Problem, SpecError
from harness.registry.catalog import USE, changed_options
from harness.study.spec.node import Loc, Scalar, spell
from harness.study.spec.reader import read_scalar
from harness.study.spec.study import SPEC_VERSION

# What messages call a spec that is no file.
NAME = "spec"

# Texts without a sign that has a meaning in YAML, in some place or other.
PLAIN = re.compile(r"[^\W\d][\w./ -]*(?<! )")

# Characters after which a line is folded.
WIDTH = 100

UNFOLDED = 10**6


@dataclass(frozen=True)
class WrittenSpec:
    """A spec that is no file yet.

    Attributes
    ----------
    text : of the YAML file that it would be
    is_seen : whether a user wrote the text, so that messages name its lines
    """

    text: str
    is_seen: bool = False


# What an object of another library is among the choices of a spec; None where it is none of them.
Adopt = Callable[[object], object | None]


def _none(_: object) -> None:
    """Take no object of another library."""


def written_spec(values: Mapping[str, Any], *, adopt: Adopt = _none) -> WrittenSpec:
    """Return the values of a spec as a YAML file, keys in the order given.

    Beside what YAML has, tuples stand for lists, paths for texts, choices may be objects, also under ``use``,
    and numbers may be NumPy's.

    Raises
    ------
    SpecError
        Where a key is no text, or a value is none that YAML has; all of them are named.
    """
    problems: list[Problem] = []
    plain = _plain(values, (), problems, adopt)
    if problems:
        raise SpecError(*problems)
    return WrittenSpec(_dumped(plain, flow=None, width=WIDTH))


def source_of(written: str | Mapping[str, Any], *, adopt: Adopt) -> WrittenSpec:
    """Return YAML text, or the values of a spec of this version, as a spec to read."""
    if isinstance(written, str):
        return WrittenSpec(written, is_seen=True)
    return written_spec({"spec_version": SPEC_VERSION, "data": {}, **written}, adopt=adopt)


def flow_text(values: Mapping[str, Any]) -> str:
    """Return a mapping of scalars and of mappings in braces, in one line."""
    return _dumped(values, flow=True, width=UNFOLDED).rstrip("\n")


Plain = Scalar | list["Plain"] | dict[str, "Plain"]


def _plain(value: object, path: Loc, problems: list[Problem], adopt: Adopt) -> Plain:
    """Return dicts, lists and scalars; whatever is none of them is noted among the problems."""
    if isinstance(value, Mapping):
        wrong = [key for key in value if not isinstance(key, str)]
        problems += [_refused(path, f"the key {key!r}", "texts as keys") for key in wrong]
        own = {str(key): _plain(given, (*path, str(key)), problems, adopt) for key, given in value.items()}
        return {**own, **chosen} if isinstance(chosen := own.get(USE), dict) else own
    if isinstance(value, list | tuple):
        return [_plain(entry, (*path, at), problems, adopt) for at, entry in enumerate(value)]
    if isinstance(value, np.generic):
        return _plain(value.item(), path, problems, adopt)
    if isinstance(value, Path):
        return value.as_posix()
    if isinstance(value, str | int | float | bool | None):
        return value
    is_choice = dataclasses.is_dataclass(value) and not isinstance(value, type)
    if (choice := value if is_choice else adopt(value)) is not None:
        return _plain(changed_options(choice), path, problems, adopt)
    expected = "mappings, lists, texts, numbers, true, false and null"
    problems.append(_refused(path, f"a value of the type {type(value).__name__}", expected))
    return None


def _refused(path: Loc, what: str, expected: str) -> Problem:
    return Problem(f"{NAME}: {spell(path)}" if path else NAME, what, expected, "write it as in a YAML file")


class _Representer(SafeRepresenter):
    """Writes scalars so that `read_scalar` reads them again."""


def _text(representer: SafeRepresenter, value: str) -> ScalarNode:
    """Quote what would be read as a number, a word of YAML or a broken number, and what has signs in it."""
    try:
        is_plain = PLAIN.fullmatch(value) is not None and read_scalar(value) == value
    except ValueError:
        is_plain = False
    return representer.represent_scalar("tag:yaml.org,2002:str", value, style=None if is_plain else '"')


def _number(representer: SafeRepresenter, value: float) -> ScalarNode:
    words = {math.inf: ".inf", -math.inf: "-.inf"}
    text = ".nan" if math.isnan(value) else words.get(value, repr(value))
    return representer.represent_scalar("tag:yaml.org,2002:float", text)


def _mapping(representer: SafeRepresenter, value: dict[str, Plain]) -> MappingNode:
    """Keep the order of the keys; what has items would be sorted."""
    return representer.represent_mapping("tag:yaml.org,2002:map", list(value.items()))


_Representer.add_representer(dict, _mapping)
_Representer.add_representer(str, _text)
_Representer.add_representer(float, _number)


def _dumped(values: object, *, flow: bool | None, width: int) -> str:
    yaml, buffer = YAML(typ="safe", pure=True), io.StringIO()
    yaml.Representer = _Representer
    yaml.width, yaml.default_flow_style = width, flow
    yaml.dump(values, buffer)
    return buffer.getvalue()
