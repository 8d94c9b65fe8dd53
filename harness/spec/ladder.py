"""The ladder that ``estimators: ladder`` stands for: the rungs that the installed estimators offer for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from harness.registry.catalog import USE

WORD: Final = "ladder"


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
    """

    place: int
    label: str
    id: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)


def expand_ladder(written: object, estimators: Mapping[str, type]) -> object:
    """Return the rungs in the place of the word, and anything else as it is.

    Parameters
    ----------
    written : what a spec has under ``estimators``
    estimators : installed ones by name; rungs of equal place come in the order of these names
    """
    if written != WORD:
        return written
    rungs = [(rung, name) for name in sorted(estimators) for rung in getattr(estimators[name], "rungs", ())]
    return [
        {**({"id": rung.id} if rung.id else {}), USE: name, "label": rung.label, **rung.options}
        for rung, name in sorted(rungs, key=lambda offered: offered[0].place)
    ]
