"""The ladder that ``estimators: ladder`` stands for: the rungs that the installed estimators offer for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, get_type_hints

from harness.registry.catalog import USE, Choose

WORD: Final = "ladder"

LINEAR: Final = 100
"""Place of the first rung that uses regressors."""


@dataclass(frozen=True)
class Rung:
    """One entry of the ladder, which an estimator offers among its ``rungs``.

    Attributes
    ----------
    place : where it stands; a rung with a smaller number comes first. Below 100 stands what uses no
        regressor, from 100 on what is linear in its parameters, from 200 on what learns a form
    label : how the report calls it
    id : of the entry; empty for the estimator's name
    options : as a spec would write them
    is_drafted : whether the short ladder of ``harness init`` has it
    absorbs : keys whose effects it takes out, ``entity`` or ``time``: it says nothing of what they determine
    """

    place: int
    label: str
    id: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    is_drafted: bool = False
    absorbs: frozenset[str] = frozenset()


def expand_ladder(written: object, estimators: Mapping[str, type]) -> object:
    """Return the rungs in the place of the word, and anything else as it is.

    Parameters
    ----------
    written : what a spec has under ``estimators``
    estimators : installed ones by name; rungs of equal place come in the order of these names
    """
    if written != WORD:
        return written
    return _entries(_rungs(estimators))


def drafted_rungs(
    estimators: Mapping[str, type], absorbing: Sequence[frozenset[str]] = ()
) -> list[dict[str, Any]]:
    """Return the rungs of a first study as entries of a spec; none that names an estimator not there.

    A rung whose effects would leave nothing of the exposure makes room for the one of its estimator that
    takes out most of the others.

    Parameters
    ----------
    absorbing : sets of keys whose effects leave nothing of the exposure
    """
    offered = _rungs(estimators)

    def says_nothing(rung: Rung) -> bool:
        return any(keys <= rung.absorbs for keys in absorbing)

    drafted: list[tuple[Rung, str]] = []
    for rung, name in offered:
        if not rung.is_drafted or not all(needed in estimators for needed in _named(rung, estimators[name])):
            continue
        if not says_nothing(rung):
            drafted.append((rung, name))
            continue
        others = [rung for rung, of in offered if of == name and rung.absorbs and not says_nothing(rung)]
        drafted += [(max(others, key=lambda rung: len(rung.absorbs)), name)] if others else []
    return _entries(drafted)


def rung_places(estimators: Mapping[str, type]) -> Mapping[str, int]:
    """Return the places of the ladder's rungs by the ids of their entries."""
    return {rung.id or name: rung.place for rung, name in _rungs(estimators)}


def _rungs(estimators: Mapping[str, type]) -> list[tuple[Rung, str]]:
    return [(rung, name) for name in sorted(estimators) for rung in getattr(estimators[name], "rungs", ())]


def _named(rung: Rung, estimator: type) -> list[str]:
    """Return the estimators that a rung's options name."""
    kinds = get_type_hints(estimator, include_extras=True)
    nested = [
        option
        for key, option in rung.options.items()
        if Choose("estimator") in getattr(kinds.get(key), "__metadata__", ())
    ]
    return [option[USE] if isinstance(option, Mapping) else str(option) for option in nested]


def _entries(rungs: list[tuple[Rung, str]]) -> list[dict[str, Any]]:
    return [
        {**({"id": rung.id} if rung.id else {}), USE: name, "label": rung.label, **rung.options}
        for rung, name in sorted(rungs, key=lambda offered: offered[0].place)
    ]
