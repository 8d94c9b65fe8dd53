"""How many of the draws of a study fit into a time, as changes of its spec."""

from __future__ import annotations

from collections.abc import Iterator

from harness.forecast.forecast import Forecast
from harness.running.prepare import Prepared
from harness.study.spec.node import Node
from harness.study.spec.overrides import entry_name

LEAST_DRAWS = 2
"""Draws that options of that name ask for at least."""


def share_within(told: Forecast, seconds: float, *, n_jobs: int) -> float:
    """Return the greatest share of the draws, in whole per cent, with which a run ends within some seconds.

    It is 0 where what is not draws takes longer than that.

    Parameters
    ----------
    n_jobs : worker processes
    """
    shares = (percent / 100 for percent in range(100, 0, -1))
    return next((share for share in shares if told.seconds(n_jobs, draws=share) <= seconds), 0.0)


def fewer_draws(prepared: Prepared, share: float) -> Iterator[str]:
    """Yield the overrides of the spec that leave a share of its draws.

    An estimator that the spec does not name, such as one of a ladder, keeps its own.
    """
    study, root = prepared.plan.study, prepared.loaded.document.root
    asked = {
        "estimators": {entry.id: entry.estimator for entry in study.estimators},
        "scenarios": {entry.id: entry.scenario for entry in study.scenarios},
    }
    for part, choices in asked.items():
        listed = root.child(part)
        entries = listed.content if listed is not None and isinstance(listed.content, tuple) else ()
        named = {entry_name(entry): entry for entry in entries}
        for name, choice in choices.items():
            draws = getattr(choice, "draws", None)
            if type(draws) is int and name in named:
                yield _override(f"{part}[{name}]", named[name], max(LEAST_DRAWS, round(share * draws)))


def _override(where: str, entry: Node, draws: int) -> str:
    if isinstance(entry.content, str):
        return f"{where}={{use: {entry.content}, draws: {draws}}}"
    return f"{where}.draws={draws}"
