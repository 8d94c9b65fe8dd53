"""The ladder that ``estimators: ladder`` stands for: entries that the installed estimators offer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, get_type_hints

from harness.registry.catalog import USE, Choose

WORD: Final = "ladder"

LINEAR: Final = 100
"""Place of the first entry that uses regressors."""


@dataclass(frozen=True)
class LadderEntry:
    """One entry of the ladder, which an estimator offers among its ``ladder``.

    Attributes
    ----------
    place : where it stands; a entry with a smaller number comes first. Below 100 stands what uses no
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
    """Return the entries in the place of the word, and anything else as it is.

    Parameters
    ----------
    written : what a spec has under ``estimators``
    estimators : installed ones by name; entries of equal place come in the order of these names
    """
    if written != WORD:
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
