"""Plausible tables of scenarios: curves, turning points, groups, surfaces."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

OK = {"status": "ok", "reason": ""}
REASON = "fold 1: experience is absorbed by the entity and time effects together"
BENDS = {"ols": 0.0, "fe": 0.0, "ann": 1.0, "rab": 0.8, "boosting": 0.6}
SLOPES = {"ols": 0.03, "fe": 0.045, "ann": 0.075, "rab": 0.068, "boosting": 0.06}
AT = np.linspace(0.0, 18.0, 25)
SUPPORTED = (AT > 0.5) & (AT < 15.5)
GROUPS = {"size": ("large", "mega and super", "small and medium"), "rank": ("first rank", "other")}


def shape(estimator: str, at: np.ndarray) -> np.ndarray:
    """Return the level curve of one estimator; boosting has steps, networks a maximum."""
    steps = 0.02 * np.sign(np.sin(1.4 * at)) if estimator == "boosting" else 0.0
    return 1.45 + SLOPES[estimator] * at - BENDS[estimator] * 0.0035 * at**2 + steps


def _limits(estimate: np.ndarray, width: np.ndarray) -> list[tuple[str, np.ndarray, np.ndarray]]:
    return [
        (band, estimate - factor * width, estimate + factor * width)
        for band, factor in (("pointwise", 1.0), ("simultaneous", 1.5))
    ]


def answers(outcome: str, drawn: Sequence[str], moderators: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Return the tables of all scenarios for one outcome."""
    return {
        "curves": curves(outcome, drawn),
        "turning_points": turning_points(outcome, drawn),
        **groups(outcome, drawn),
        **surfaces(outcome, drawn, moderators),
    }


def curves(outcome: str, drawn: Sequence[str]) -> pd.DataFrame:
    """Return level, slope and accumulated local effects of the estimators that are drawn."""
    refused = {"outcome": outcome, "scenario": "curve", "status": "refused", "reason": REASON}
    parts = [pd.DataFrame([{"estimator": one, **refused}]) for one in BENDS if one not in drawn]
    for estimator in drawn:
        level = shape(estimator, AT)
        wide = 1.0 if estimator in {"ols", "fe"} else 1.8
        kinds = (
            ("level", level, 0.02 + 0.004 * np.abs(AT - 7), np.nan),
            ("slope", np.gradient(level, AT), 0.006 + 0.002 * np.abs(AT - 7), np.nan),
            ("ale", 0.9 * (level - level.mean()), 0.02 + 0.003 * np.abs(AT - 7), level.mean()),
        )
        for kind, estimate, width, mean_level in kinds:
            for band, low, high in _limits(estimate, wide * width):
                columns = {"at": AT, "estimate": estimate, "conf_low": low, "conf_high": high}
                place = {"outcome": outcome, "estimator": estimator, "kind": kind, "band": band}
                how = {"n_draws": 100 if estimator == "rab" else 40, "level": 0.95, "unit": "entity"}
                frame = pd.DataFrame(columns).assign(**place, **how, supported=SUPPORTED, **OK)
                parts.append(frame.assign(mean_level=mean_level, scenario="curve"))
    return pd.concat(parts, ignore_index=True)


def turning_points(outcome: str, drawn: Sequence[str]) -> pd.DataFrame:
    """Return a maximum for the networks, established for one of them, and none for the others."""
    rows = []
    for estimator in drawn:
        place = {"outcome": outcome, "estimator": estimator, "scenario": "curve", "n_draws": 40, **OK}
        if estimator not in {"ann", "rab"}:
            rows.append(place | {"kind": "none", "is_established": False})
            continue
        at = SLOPES[estimator] / (2.0 * BENDS[estimator] * 0.0035)
        height = float(shape(estimator, np.array([at]))[0])
        numbers = {"at": at, "conf_low": at - 1.4, "conf_high": at + 1.1, "share_of_draws": 0.925}
        rows.append(
            place | numbers | {"kind": "maximum", "estimate": height, "is_established": estimator == "rab"}
        )
    return pd.DataFrame(rows)


def _effects(estimator: str, mode: str, n_groups: int) -> np.ndarray:
    spread = 0.0 if estimator in {"ols", "fe"} and mode == "pooled" else 0.012
    return SLOPES[estimator] / 2.0 - spread * np.arange(n_groups)


def groups(outcome: str, estimators: Iterable[str]) -> dict[str, pd.DataFrame]:
    """Return levels, effects, differences and quantiles by group; one group cannot be refitted by ols."""
    rows, differences, levels = [], [], []
    for estimator in estimators:
        for by, names in GROUPS.items():
            place = {"outcome": outcome, "estimator": estimator, "by": by, "scenario": by}
            for mode in ("pooled", "refit"):
                half = 0.006 if mode == "pooled" else 0.013
                effects = _effects(estimator, mode, len(names))
                for number, (name, effect) in enumerate(zip(names, effects, strict=True)):
                    own = place | {
                        "group": name,
                        "mode": mode,
                        "n_obs": 400 + number,
                        "n_entities": 50 + number,
                    }
                    if (estimator, mode, name) == ("ols", "refit", "other"):
                        rows.append(own | {"status": "refused", "reason": REASON})
                        levels.append(pd.DataFrame([own | {"status": "refused", "reason": REASON}]))
                        continue
                    quantile = np.linspace(0.0, 1.0, 41)
                    level = 1.6 + 0.05 * number + 0.2 * (quantile - 0.5) ** 3 + 0.1 * (quantile - 0.5)
                    rows.append(
                        own
                        | {
                            "median": level[20],
                            "median_low": level[20] - 0.03,
                            "median_high": level[20] + 0.02,
                        }
                        | {"effect": effect, "conf_low": effect - half, "conf_high": effect + half, **OK}
                    )
                    levels.append(
                        pd.DataFrame({"quantile": quantile, "level": level}).assign(
                            **{key: own[key] for key in (*place, "group", "mode")}, **OK
                        )
                    )
                differences += _differences(place | {"mode": mode}, names, effects, half)
    return {
        "heterogeneity": pd.DataFrame(rows),
        "heterogeneity_differences": pd.DataFrame(differences),
        "heterogeneity_rows": pd.concat(levels, ignore_index=True),
    }


def _differences(
    place: dict[str, str], names: Sequence[str], effects: np.ndarray, half: float
) -> list[dict[str, Any]]:
    rows = []
    for measure in ("median", "effect"):
        for first in range(len(names)):
            for second in range(first + 1, len(names)):
                gap = effects[first] - effects[second] if measure == "effect" else -0.05 * (second - first)
                limits = {"conf_low": gap - 1.5 * half, "conf_high": gap + 1.5 * half}
                pair = {"group": names[first], "other": names[second]}
                rows.append(place | pair | {"measure": measure, "difference": gap, **limits, **OK})
    return rows


def surfaces(
    outcome: str, estimators: Iterable[str], moderators: Sequence[str], *, n_grid: int = 12
) -> dict[str, pd.DataFrame]:
    """Return surfaces whose effect changes its sign at 9.5 for networks and is constant for the others."""
    exposure, moderator = np.linspace(0.0, 18.0, n_grid), np.linspace(6.0, 16.0, n_grid)
    across, up = np.meshgrid(exposure, moderator, indexing="ij")
    supported = np.abs((across - 9.0) / 9.0) + np.abs((up - 11.0) / 5.0) < 1.35
    parts: dict[str, list[pd.DataFrame]] = {
        name: [] for name in ("surfaces", "conditional_effects", "thresholds", "interactions")
    }
    for estimator in estimators:
        for name in moderators:
            bends = BENDS[estimator]
            place = {"outcome": outcome, "estimator": estimator, "moderator": name, "scenario": name}
            effect = (
                SLOPES[estimator] * np.where(bends > 0.0, (up - 9.5) / 4.0, 1.0) - 0.0008 * bends * across
            )
            level = 1.2 + np.cumsum(effect, axis=0) * (exposure[1] - exposure[0]) + 0.03 * up
            cells = {
                "exposure_at": across,
                "moderator_at": up,
                "estimate": level,
                "conf_low": level - 0.05,
                "conf_high": level + 0.05,
                "effect": effect,
                "effect_low": effect - 0.02,
                "effect_high": effect + 0.02,
                "supported": supported,
                "n_obs": np.where(supported, 40, 1),
                "n_entities": np.where(supported, 12, 1),
            }
            frame = pd.DataFrame({key: value.ravel() for key, value in cells.items()})
            parts["surfaces"].append(frame.assign(**place, n_draws=40, **OK))
            line = effect[n_grid // 2]
            for band, low, high in _limits(line, np.full(n_grid, 0.012)):
                own = {"moderator_at": moderator, "effect": line, "conf_low": low, "conf_high": high}
                parts["conditional_effects"].append(
                    pd.DataFrame(own).assign(**place, band=band, supported=True, n_draws=40, **OK)
                )
            found = {"kind": "none"}
            if bends:
                found = {"kind": "negative_to_positive", "at": 9.7, "conf_low": 9.1, "conf_high": 10.4}
                found |= {"share_of_draws": 0.975}
            parts["thresholds"].append(pd.DataFrame([place | found | {"n_draws": 40, **OK}]))
            measures = {"friedman_h": 0.31 * (bends > 0), "ale_interaction_share": 0.12 * (bends > 0)}
            parts["interactions"].append(
                pd.DataFrame(
                    [
                        place
                        | {
                            "measure": measure,
                            "estimate": value,
                            "conf_low": value / 2,
                            "conf_high": 0.1 + value,
                        }
                        | {"n_draws": 40, **OK}
                        for measure, value in measures.items()
                    ]
                )
            )
    return {name: pd.concat(frames, ignore_index=True) for name, frames in parts.items()}
