"""Built choices with fewer repetitions than a spec asks for."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from harness.estimators.protocol import Estimator

# The most that an option of a name may be, in whatever part of a study it stands.
Most = Mapping[str, int]


def capped(choice: Any, most: Most) -> Any:  # noqa: ANN401 - whatever a spec can choose
    """Return a built choice whose options of a name, and those of estimators in it, are held to the most.

    An option that is ``auto`` gets the most.
    """
    changed = {}
    for option in dataclasses.fields(choice):
        value = getattr(choice, option.name)
        if option.name in most and (value == "auto" or type(value) is int):
            changed[option.name] = most[option.name] if value == "auto" else min(value, most[option.name])
        elif isinstance(value, Estimator):
            changed[option.name] = capped(value, most)
        elif isinstance(value, tuple):
            changed[option.name] = tuple(
                capped(option, most) if isinstance(option, Estimator) else option for option in value
            )
    return dataclasses.replace(choice, **changed)


def greatest(choice: Any, name: str) -> int:  # noqa: ANN401 - whatever a spec can choose
    """Return the greatest whole number that an option of a name is, in a built choice and in those in it.

    It is 0 where there is no such option.
    """
    found = [0]
    for option in dataclasses.fields(choice):
        value = getattr(choice, option.name)
        if option.name == name and type(value) is int:
            found.append(value)
        nested = value if isinstance(value, tuple) else (value,)
        found += [greatest(option, name) for option in nested if isinstance(option, Estimator)]
    return max(found)
