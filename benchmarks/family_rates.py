"""How often a study without an effect finds something, with and without adjustment for the number asked.

Run in a checkout as ``OMP_NUM_THREADS=1 python benchmarks/family_rates.py``: panels of 80 entities and six
periods of `null_effect`, four groups by a control, four linear estimators, both methods and three forms of
debiased effects. Seeds 1001 to 1040 were never used before.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

import harness
from measured import Measured, with_limits

TABLE = Measured("family_rates.csv", ("found on a panel", "panels"))

N_PANELS = 40
FIRST_SEED = 1001

SPEC: dict[str, Any] = {
    "spec_version": 1,
    "study": "families",
    "data": {
        "prepare": [
            {
                "classes": {
                    "into": "quarter",
                    "of": "control_1",
                    "at": [-0.7, 0.0, 0.7],
                    "labels": list("abcd"),
                }
            }
        ]
    },
    "roles": {
        "entity": "city",
        "time": "year",
        "outcomes": ["outcome"],
        "exposure": "exposure",
        "moderators": ["moderator"],
        "controls": [f"control_{at}" for at in range(1, 5)],
    },
    "estimators": [
        {"id": "ols", "use": "pooled_ols"},
        {"id": "between", "use": "fixed_effects", "effects": ["time"]},
        {"id": "fe", "use": "fixed_effects", "effects": ["entity"]},
        {"id": "bent", "use": "polynomial_effects", "effects": ["entity"]},
    ],
    "evaluation": {"reference": "ols", "protocols": ["held_out_entities"]},
    "scenarios": [
        {"use": "heterogeneity", "by": "quarter", "draws": 60},
        {"use": "effect", "primary": True, "forms": ["line", "curve"], "learners": ["ols"], "repeats": 1},
        {
            "id": "along",
            "use": "effect",
            "forms": ["conditional"],
            "moderator": "moderator",
            "learners": ["ols"],
            "repeats": 1,
        },
    ],
    "report": {"formats": []},
}


def found(seed: int, folder: Path) -> dict[str, bool]:
    """Return what one panel's findings say is there."""
    simulated = {"simulate": {"use": "null_effect", "n_entities": 80, "n_periods": 6, "seed": seed}}
    spec = SPEC | {"seed": seed, "data": SPEC["data"] | simulated}
    rows = harness.run(spec, out=folder / str(seed), jobs=1, progress=False).table("findings")
    is_out = (rows["conf_low"] > 0) | (rows["conf_high"] < 0)
    is_said = rows["is_established"].astype(str) == "True"
    is_first = rows["is_primary"].astype(str) == "True"
    groups, others = (
        rows["finding"] == "group_difference",
        rows["finding"].isin(["effect", "interaction"]) & ~is_first,
    )
    return {
        "primary effect, `is_established`": bool((is_first & is_said).any()),
        "any other debiased effect, p below 0.05": bool((others & (rows["p_value"] < 0.05)).any()),
        "any other debiased effect, `is_established`": bool((others & is_said).any()),
        "any difference between groups, interval excludes zero": bool((groups & is_out).any()),
        "any difference between groups, `is_established`": bool((groups & is_said).any()),
    }


if __name__ == "__main__":
    n_panels = int(sys.argv[1]) if len(sys.argv) > 1 else N_PANELS
    with tempfile.TemporaryDirectory() as folder:
        panels = pd.DataFrame([found(FIRST_SEED + at, Path(folder)) for at in range(n_panels)])
    TABLE.write([(name, with_limits(int(column.sum()), n_panels)) for name, column in panels.items()])
