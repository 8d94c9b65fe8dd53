"""Shapes of curves that the published study describes in words, measured on the tables of a run.

`paper_shapes.yaml` has them in the order of the figures. `paper_results.py` shows them on the page figure by
figure, after the printed numbers, which are claims of the spec.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from ruamel.yaml import YAML

from harness.study.expectations.lookup import NotInRun, RunCurve

SHAPES_FILE = Path(__file__).with_suffix(".yaml")
TABLES = ("curves", "conditional_effects", "surfaces")
UP, DOWN = ("rising", "steepening", "widening"), ("falling", "slowing", "narrowing")

# How near a point may be to an end of a range to be one with it.
NEAR = 1e-9

# Share of its level by which a straight line may be off through rounding.
STRAIGHT = 1e-10


@dataclass(frozen=True)
class Shape:
    """What is said of the curve or surface of one outcome.

    Attributes
    ----------
    source, about, about_zh : where it is printed, and what its number is, in English and Chinese
    quantity : a key of `MEASURES`
    value : the printed exposure; 1 for a statement, which holds throughout its range
    kind : where the curve, the band or the effect goes
    between : two exposures
    along : whether the range is one of the moderator or of the exposure
    above, below : ends of the range
    levels : the least and the greatest level
    """

    source: str
    outcome: str
    quantity: str
    about: str
    about_zh: str
    value: float = 1.0
    kind: str = ""
    moderator: str = ""
    between: tuple[float, float] = (-math.inf, math.inf)
    along: str = "moderator"
    above: float = -math.inf
    below: float = math.inf
    levels: tuple[float, float] = (-math.inf, math.inf)

    @property
    def sign(self) -> float:
        """1 where something grows, -1 where it shrinks."""
        return 1.0 if self.kind in UP else -1.0


def read_shapes() -> tuple[Shape, ...]:
    """Return the shapes of the published study, in the order of its figures."""
    return tuple(Shape(**entry) for entry in YAML(typ="safe").load(SHAPES_FILE))


def measured(shape: Shape, tables: Mapping[str, pd.DataFrame], estimator: str) -> float:
    """Return the share of its range on which a shape holds, or the exposure that it names.

    Parameters
    ----------
    tables : of a run, by name

    Returns
    -------
    float
        NaN where the run has no such curve, or its data do not support the range.
    """
    try:
        return MEASURES[shape.quantity](shape, _Answers(shape, tables, estimator))
    except NotInRun:
        return math.nan


@dataclass(frozen=True, eq=False)
class _Answers:
    """What one estimator answers on the outcome of a shape."""

    shape: Shape
    tables: Mapping[str, pd.DataFrame]
    estimator: str

    def rows(self, name: str, **keys: object) -> pd.DataFrame:
        """Return the rows of a table of its first scenario with these keys; `NotInRun` without any."""
        rows = self.tables[name]
        for column, key in {"outcome": self.shape.outcome, "estimator": self.estimator, **keys}.items():
            rows = rows[rows[column].astype(str) == str(key)]
        if not len(rows):
            raise NotInRun(name)
        return rows.query("scenario == @rows['scenario'].iloc[0]")

    @cached_property
    def curve(self) -> pd.DataFrame:
        """Its level curve with the pointwise band."""
        return self.rows("curves", kind="level", band="pointwise").sort_values("at")

    @cached_property
    def effects(self) -> pd.DataFrame:
        """Its conditional effects with pointwise intervals, in the range of the shape."""
        keys = {"moderator": self.shape.moderator, "band": "pointwise", "supported": True}
        rows = self.rows("conditional_effects", **keys)
        return rows[rows["moderator_at"].between(self.shape.above, self.shape.below)]

    def surface(self, column: str) -> pd.DataFrame:
        """Return one column of the surface at supported cells, exposures by values of the moderator."""
        rows = self.rows("surfaces", moderator=self.shape.moderator)
        kept = rows[column].where(rows["supported"].astype(str) == "True")
        return rows.assign(kept=kept).pivot_table(
            index="exposure_at", columns="moderator_at", values="kept", dropna=False
        )

    def along(self, column: str) -> RunCurve:
        """Return mean changes between neighbours along the way, added up; `NotInRun` without two neighbours.

        Each change is a mean over the cells supported at both, so that it is no change of which cells these
        are.
        """
        surface = self.surface(column)
        lines = surface if self.shape.along == "moderator" else surface.T
        change = lines.diff(axis=1).mean(axis=0).to_numpy()[1:]
        known = np.flatnonzero(np.isfinite(change))
        if not known.size:
            raise NotInRun(column)
        first, last = int(known[0]), int(known[-1]) + 1
        level = np.concatenate([[0.0], np.cumsum(np.nan_to_num(change[first:last]))])
        return RunCurve(lines.columns.to_numpy(dtype=float)[first : last + 1], level)


def _curve(rows: pd.DataFrame, level: pd.Series) -> RunCurve:
    return RunCurve(rows["at"].to_numpy(dtype=float), level.to_numpy(dtype=float))


def _bend(_: Shape, answers: _Answers) -> float:
    """Return the grid point where the slope changes fastest, up or down; NaN on a straight line."""
    at, level = (answers.curve[column].to_numpy(dtype=float) for column in ("at", "estimate"))
    chord = np.interp(at, at[[0, -1]], level[[0, -1]])
    if np.abs(level - chord).max() <= STRAIGHT * np.abs(level).max():
        return math.nan
    speed = np.abs(np.diff(np.diff(level) / np.diff(at))) / (at[2:] - at[:-2])
    return float(at[1 + int(speed.argmax())])


def _pace(shape: Shape, answers: _Answers) -> float:
    """Return the share of the range where the curve goes ever faster, or ever slower."""
    at, level = (answers.curve[column].to_numpy(dtype=float) for column in ("at", "estimate"))
    start, end = shape.between
    stops = np.concatenate([[start], at[(at > start + NEAR) & (at < end - NEAR)], [end]])
    pace = np.abs(np.diff(np.interp(stops, at, level)) / np.diff(stops))
    steps = np.diff((stops[1:] + stops[:-1]) / 2.0)
    return float(steps[shape.sign * np.diff(pace) > 0].sum() / steps.sum())


def _band(shape: Shape, answers: _Answers) -> float:
    """Return the share of the range where the width of the pointwise band grows, or shrinks."""
    width = answers.curve["conf_high"] - answers.curve["conf_low"]
    return _curve(answers.curve, width).share_going(*shape.between, sign=shape.sign)


def _effect_sign(shape: Shape, answers: _Answers) -> float:
    """Return the share of the supported values at which the effect has the sign, or none for certain."""
    falls, rises = answers.effects["conf_high"] < 0.0, answers.effects["conf_low"] > 0.0
    return float({"falling": falls, "rising": rises, "none": ~falls & ~rises}[shape.kind].mean())


def _effect_trend(shape: Shape, answers: _Answers) -> float:
    """Return the share of the supported range where the effect falls, or rises."""
    curve = answers.along("effect")
    start, end = max(shape.above, curve.first), min(shape.below, curve.last)
    return curve.share_going(start, end, sign=shape.sign) if start < end else math.nan


def _shape(shape: Shape, answers: _Answers) -> float:
    """Return the share of the range where the level falls, or rises, or falls to its least and then rises."""
    curve = answers.along("estimate")
    if shape.kind != "v":
        return curve.share_going(curve.first, curve.last, sign=shape.sign)
    turn = float(curve.at[int(curve.level.argmin())])  # noqa: PD008 - of no frame
    if turn in (curve.first, curve.last):
        return 0.0
    falls = curve.share_going(curve.first, turn, sign=-1.0) * (turn - curve.first)
    rises = curve.share_going(turn, curve.last, sign=1.0) * (curve.last - turn)
    return (falls + rises) / (curve.last - curve.first)


def _level_range(shape: Shape, answers: _Answers) -> float:
    """Return the share of the supported cells in the range whose level lies between two."""
    surface = answers.surface("estimate")
    values = surface.columns.to_numpy(dtype=float)
    levels = surface.to_numpy()[:, (values >= shape.above) & (values <= shape.below)]
    low, high = shape.levels
    known = levels[np.isfinite(levels)]
    return float(((known >= low) & (known <= high)).mean()) if known.size else math.nan


MEASURES: Mapping[str, Callable[[Shape, _Answers], float]] = {
    "bend": _bend,
    "pace": _pace,
    "band": _band,
    "effect_sign": _effect_sign,
    "effect_trend": _effect_trend,
    "shape": _shape,
    "level_range": _level_range,
}
