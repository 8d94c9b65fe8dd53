"""Plausible tables of networks, maps and claims."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from harness.language import Message


def networks(outcome: str, estimators: Iterable[str], variables: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Return searches over three sizes in four places, learning curves and a map of two by two."""
    searches, learning, maps, profiles = [], [], [], []
    step = np.arange(60)
    for estimator in estimators:
        fit = {"outcome": outcome, "estimator": estimator}
        for number in range(4):
            place = {**fit, "place": f"cluster {number + 1}"}
            for hidden in (6, 7, 8):
                errors = {
                    "training_nmse": 0.2 + 0.01 * hidden,
                    "selection_nmse": 0.3 + 0.01 * abs(hidden - 7),
                }
                size = {"hidden": hidden, "restart": 1, "steps": 60, "best_step": 40, "chosen": hidden == 7}
                searches.append({**place, **size, **errors, "formula": 7.5217, "n_obs": 614})
            frame = pd.DataFrame({"step": step, "training_nmse": 0.2 + 0.8 * np.exp(-step / 8.0)})
            rising = 0.27 + 0.73 * np.exp(-step / 8.0) + 0.0012 * step
            learning.append(frame.assign(**place, selection_nmse=rising))
            quality = {"quantization_error": 3.21, "topographic_error": 0.043, "agreement": 0.91}
            where = {"cluster": number + 1, "row": number // 2 + 1, "column": number % 2 + 1}
            maps.append({**fit, **where, "n_obs": 500 + 60 * number, **quality})
            for at, name in enumerate(variables):
                deviation = np.sin(1.0 + at + 1.7 * number)
                profiles.append(
                    {
                        **fit,
                        "cluster": number + 1,
                        "variable": name,
                        "mean": 3.0 + deviation,
                        "mean_standardised": deviation,
                    }
                )
    return {
        "details/networks": pd.DataFrame(searches),
        "details/learning_curves": pd.concat(learning, ignore_index=True),
        "details/som": pd.DataFrame(maps),
        "details/som_profile": pd.DataFrame(profiles),
    }


def claims(outcome: str) -> pd.DataFrame:
    """Return claims of every status."""
    curve = {"outcome": outcome, "estimator": "rab", "source": "Figure 4"}
    table = {"outcome": outcome, "estimator": "ann", "source": "Table 2", "protocol": "as_published"}
    table |= {"counterpart_estimator": "ann", "counterpart_protocol": "held_out_entities"}
    rounding = Message(
        "the errors {printed} and {printed_2} give a gain of {low} % to {high} % by their "
        "rounding, {verdict}",
        printed="0.0010",
        printed_2="0.0034",
        low="68.6567",
        high="72.4638",
        verdict=Message("but {percentage} % is printed", percentage="67.8582"),
    )
    outside, within = (
        Message(f"this run's number lies {side} {{where}}", where=where)
        for side, where in (("outside", "0.00095 to 0.00105"), ("within", "1.45 to 1.55"))
    )
    way = Message(
        "share of the way from {start} to {end} on which the curve is {kind}", start=0, end=18, kind="rising"
    )
    return pd.DataFrame(
        [
            table
            | {
                "quantity": "mse",
                "published": 0.0010,
                "digits": 4,
                "this_run": 0.1591,
                "about": "mean squared error",
            }
            | {"status": "differs", "reason": outside},
            table
            | {
                "quantity": "gain",
                "published": 0.678582,
                "digits": 6,
                "recomputed": 0.705882,
                "this_run": 0.312,
                "counterpart": -0.143,
            }
            | {"recomputed_low": 0.686567, "recomputed_high": 0.724638, "about": "gain over the reference"}
            | {"status": "inconsistent", "reason": rounding, "check": "ratio"},
            curve
            | {
                "quantity": "level",
                "published": 1.5,
                "digits": 1,
                "this_run": 1.46,
                "about": Message("curve at {at}{BOUNDS}", at=0, BOUNDS=""),
                "at": 0.0,
            }
            | {"status": "reproduced", "reason": within}
            | {"counterpart": 1.43, "counterpart_estimator": "boosting"},
            curve
            | {
                "quantity": "turning_point",
                "published": 12.0,
                "digits": 0,
                "about": Message("exposure at a {kind} of the curve", kind="minimum"),
            }
            | {"status": "differs", "reason": "the curve of this run has no minimum within its range"}
            | {"counterpart_estimator": "boosting", "counterpart_reason": "this run draws no such curve"},
            curve
            | {"quantity": "bend", "published": 9.0, "digits": 0, "about": "exposure at which it bends"}
            | {"status": "inconsistent under assumption", "assumption": "one fit", "reason": "two bends"},
            curve
            | {"quantity": "direction", "published": 1.0, "this_run": 0.82, "status": "not comparable"}
            | {"about": way}
            | {"reason": "the spec does not say that these data are the published ones"},
        ]
    )
