"""Which findings a study's answers establish on one panel, by the rules that the report follows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from harness.report.model.bands import SIMULTANEOUS
from harness.scenarios.full_fit import FullResult
from harness.tables import CONTRASTS, CURVES, HETEROGENEITY_DIFFERENCES, THRESHOLDS, TURNING_POINTS

if TYPE_CHECKING:
    import pandas as pd

Rule = Callable[["pd.DataFrame"], Iterator[tuple[str, bool]]]
"""Yields kinds of findings, and whether a table of one answer establishes any of the kind."""

EFFECT = "effect"
NONLINEARITY = "nonlinearity"
TURNING_POINT = "turning_point"
GROUP_DIFFERENCE = "group_difference"
SIGN_CHANGE = "sign_change"


def _of_curves(table: pd.DataFrame) -> Iterator[tuple[str, bool]]:
    """Yield an effect where the slope's simultaneous band leaves zero, and whether it holds no one slope."""
    slope = table[(table["kind"] == "slope") & (table["band"] == SIMULTANEOUS)]
    known = slope[slope["supported"].astype(bool)]
    yield EFFECT, _leaves_zero(known)
    yield NONLINEARITY, bool(known["conf_low"].max() > known["conf_high"].min())


def _of_turning_points(table: pd.DataFrame) -> Iterator[tuple[str, bool]]:
    yield TURNING_POINT, bool(table["is_established"].astype(bool).any())


def _of_differences(table: pd.DataFrame) -> Iterator[tuple[str, bool]]:
    """Yield differences between effects of groups in one model for all; levels are no effects."""
    yield (
        GROUP_DIFFERENCE,
        _leaves_zero(table[(table["mode"] == "pooled") & (table["measure"] == "effect")]),
    )


def _of_thresholds(table: pd.DataFrame) -> Iterator[tuple[str, bool]]:
    yield SIGN_CHANGE, bool((table["kind"] != "none").any())


def _of_contrasts(table: pd.DataFrame) -> Iterator[tuple[str, bool]]:
    yield EFFECT, _leaves_zero(table[table["band"] == SIMULTANEOUS])


def _leaves_zero(rows: pd.DataFrame) -> bool:
    """Return whether any interval lies on one side of zero."""
    return bool(((rows["conf_low"] > 0.0) | (rows["conf_high"] < 0.0)).any())


RULES: Mapping[str, Rule] = {
    CURVES.name: _of_curves,
    TURNING_POINTS.name: _of_turning_points,
    HETEROGENEITY_DIFFERENCES.name: _of_differences,
    THRESHOLDS.name: _of_thresholds,
    CONTRASTS.name: _of_contrasts,
}
"""What each table of an answer can establish, by name of the table."""


def established(fulls: Iterable[FullResult]) -> pd.DataFrame:
    """Return which kinds of findings the fits on all rows establish.

    Returns
    -------
    A row for each outcome, estimator and kind that was looked for: outcome, estimator, protocol (empty),
    finding, found (1.0 where any answer establishes one, else 0.0). Answers that failed look for nothing.
    """
    import pandas as pd

    found: dict[tuple[str, str, str], float] = {}
    for full in fulls:
        for answer in full.answers:
            for name, table in answer.tables.items():
                for kind, is_there in RULES[name](table) if name in RULES else ():
                    key = (full.outcome, full.estimator, kind)
                    found[key] = max(found.get(key, 0.0), float(is_there))
    rows = [(outcome, estimator, "", kind, value) for (outcome, estimator, kind), value in found.items()]
    return pd.DataFrame(rows, columns=["outcome", "estimator", "protocol", "finding", "found"])
