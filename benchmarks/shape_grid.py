"""The shipped error rates by shape of the panel: ``python benchmarks/shape_grid.py --panels 20``.

Studies are repeated on simulated panels of many shapes, with and without an effect, as the command runs them
with ``--quick``, and what they say is counted. Parts are kept, a row a panel, in ``benchmarks/grid``:
a grid that was cut off goes on where it was, and one of fewer panels is grown. ``shape_rates.csv`` next to
``harness/findings/shape.py``, which gives every run its rates, is written from all parts, with
``shape_rates.json``, which says what made it.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import inspect
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import product
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import pandas as pd

import grid_panels
from grid_panels import BENT, GAIN, PRODUCT, SLOPE, TREATMENT, DrawnPanel, PanelShape
from harness import __version__
from harness.calibration.memory import run_in_memory
from harness.calibration.run import calibration_manifest
from harness.data.read.files import frame_file
from harness.data.simulate.simulation import lasting
from harness.findings.run import RULE, Gains, Run
from harness.findings.shape import FEATURES, SHIPPED, shape_of
from harness.findings.table import CLASSES, OF_CLASSES, RULES_VERSION, findings_of, kind_of, rests_on_too_few
from harness.installed import installed
from harness.registry.registry import Registry
from harness.rng import random_stream
from harness.running.options import RunOptions
from harness.running.prepare import prepare
from harness.tables.coefficients import COEFFICIENTS
from harness.tables.csv_table import csv_text, from_csv
from harness.tables.decision import ABOVE, CONDITIONAL, UNTESTED
from harness.tables.findings import FindingRow
from measured import share_with_limits

# The studies that are repeated, and their parts.
SPECS = Path(__file__).parent / "grid"
MEASURED = Path(__file__).parents[1] / "docs" / "measured"

# Root of all panels.
SEED = 35

KEY = ("cell", "number", "has_effect")

# Gains by kind: reference, protocol and estimator. Without an effect none of these is there; fixed effects,
# whose slopes are not biased by entity effects, truly gain a little over pooled OLS for new entities.
GAINS = {
    "gain": ("ols", "held_out_entities", "splines"),
    "gain_forward": ("fe", "forward", "bent"),
    "gain_over_fixed_effects": ("fe", "random_rows", "bent"),
}

# What is false of a panel that is linear alone: in another one a curve truly bends, or predicts better.
OF_LINEAR = frozenset(
    {*GAINS, "lowest_error", *(f"{kind}_{name}" for kind in ("bend", "turning_point") for name in CLASSES)}
)

# Who predicts new entities best without an effect, and with one.
BEST = {False: "ols", True: "splines"}


# Sizes of what is there, where it is no slope.
SIZES = {
    **dict.fromkeys(GAINS, GAIN),
    **dict.fromkeys(("nonlinearity", "bend", "turning_point"), BENT),
    **dict.fromkeys(("group_difference", "interaction", "sign_change", "threshold"), PRODUCT),
    "headline_staged_treatment": TREATMENT,
}


@dataclass(frozen=True)
class GridStudy:
    """A study that is repeated.

    Attributes
    ----------
    kinds : of findings that are counted
    least : entities and periods from which it can be done
    most : entities up to which it is done
    """

    draw: Callable[..., DrawnPanel]
    kinds: tuple[str, ...]
    least: tuple[int, int] = (10, 2)
    most: int = 1000


STUDIES: Mapping[str, GridStudy] = {
    "study": GridStudy(
        grid_panels.curves,
        (
            *(*GAINS, "primary_effect", "secondary_effect", "nonlinearity"),
            *(
                f"{kind}_{name}"
                for kind in OF_CLASSES
                if kind not in ("contrast", "sign_change")
                for name in CLASSES
            ),
            *("lowest_error", "caution"),
        ),
    ),
    "within": GridStudy(grid_panels.curves, ("within_effect",)),
    "pooled": GridStudy(grid_panels.curves, ("headline_pooled",)),
    "staged": GridStudy(grid_panels.staged, ("headline_staged_treatment",), (20, 5)),
    "instruments": GridStudy(grid_panels.endogenous, ("headline_instruments",)),
    "dynamics": GridStudy(grid_panels.dynamic, ("headline_dynamics",), least=(20, 5), most=300),
    "spatial": GridStudy(grid_panels.spatial, ("headline_spatial_impacts",), least=(20, 3), most=300),
    "mediation": GridStudy(grid_panels.mediated, ("headline_mediation", "mediation")),
    "moderated": GridStudy(
        grid_panels.curves, ("interaction", "sign_change_learner", "threshold"), least=(10, 3)
    ),
    "contrasts": GridStudy(grid_panels.curves, ("contrast_pooled", "contrast_within")),
    "quantiles": GridStudy(grid_panels.spreading, ()),
}

# From ten entities and two periods on; together they span what public panels are like.
CELLS = (
    PanelShape(10, 20, 0.6, is_heavy=True, between=0.9),
    PanelShape(12, 5, 0.0, between=0.5, is_binary=True),
    PanelShape(20, 9, 0.3, between=0.3, is_binary=True),
    PanelShape(20, 25, 0.95, is_heavy=True, between=0.3),
    PanelShape(30, 2, 0.0, is_heavy=True, between=0.98),
    PanelShape(40, 12, 0.97, between=0.9),
    PanelShape(50, 2, 0.5, between=0.4),
    PanelShape(50, 3, 0.0, is_heavy=True, between=0.0, is_binary=True),
    PanelShape(50, 25, 0.5, between=0.0),
    PanelShape(100, 4, 0.0, between=0.95),
    PanelShape(100, 7, 0.3, is_heavy=True, between=0.7),
    PanelShape(300, 2, 0.3, between=0.7),
    PanelShape(300, 6, 0.8, is_heavy=True, between=0.5, is_binary=True),
    PanelShape(1000, 4, 0.0, is_heavy=True, between=0.9),
)

# Where intervals are counted that hold the truth.
COVERED = PanelShape(60, 8)


@cache
def registry() -> Registry:
    """Return what plugins offer."""
    return installed()


def options_of(study: str, frame: pd.DataFrame, seed: int) -> RunOptions:
    """Return the options of the command for a study of the grid on a panel."""
    spec = SPECS / f"{study}.yaml"
    return RunOptions(spec, data=frame_file(frame), quick=True, overrides=(f"seed={seed}",))


def drawn_panel(
    study: str, cell: PanelShape, number: int, *, has_effect: bool
) -> tuple[DrawnPanel, RunOptions]:
    """Return a panel of the grid and the options of a run on it."""
    rng = random_stream(SEED, "grid", study, cell.name, number, int(has_effect))
    drawn = STUDIES[study].draw(cell, rng, number, has_effect)
    return drawn, options_of(study, drawn.frame, int(rng.integers(2**31)))


def grid_row(study: str, cell: PanelShape, number: int, *, has_effect: bool) -> Mapping[str, Any]:
    """Return a panel as a row of a part: key, shape, whether each kind was found, and what held the truth."""
    drawn, options = drawn_panel(study, cell, number, has_effect=has_effect)
    prepared = prepare(options, registry())
    manifest = calibration_manifest(options, prepared, n_panels=1, effect=0.0, started=datetime.now(UTC))
    run, _ = run_in_memory(prepared, manifest)
    (outcome,) = manifest.study.outcomes
    rows = findings_of(run, tuple(registry().of(RULE).values()))
    found: dict[str, Any] = dict.fromkeys(STUDIES[study].kinds)
    found |= found_in(run, rows, STUDIES[study].kinds, best=BEST[has_effect])
    if not drawn.is_linear:
        found |= dict.fromkeys(OF_LINEAR & found.keys())
    shape = {
        name: round(value, 4) for name, value in asdict(shape_of(prepared.panels.panel(outcome))).items()
    }
    key = dict(zip(KEY, (cell.name, number, int(has_effect)), strict=True))
    return {**key, **shape, **found, **dict(held_in(run, rows, drawn.truth))}


def found_in(
    run: Run, rows: Sequence[FindingRow], kinds: Sequence[str], *, best: str
) -> Mapping[str, int | None]:
    """Return by kind whether any finding is established, and each gain of `GAINS` by its protocol alone.

    Nothing of kinds that could not be established whatever the panel holds. A gain forward in time counts
    with few periods too, where it is one given these periods. Of cautions and lowest errors, which establish
    nothing, it is whether they are false: printed, and another than the best for new entities.
    """
    study, gains = run.manifest.study, Gains(run)
    decisions = {
        (row.reference, row.protocol, row.estimator): row.decision
        for over in (gains, *gains.further)
        for row in over.rows(study.outcomes[0])
    }
    found: dict[str, int | None] = {
        kind: int(decisions[key] in (ABOVE, CONDITIONAL))
        for kind, key in GAINS.items()
        if kind in kinds and decisions.get(key, UNTESTED) != UNTESTED
    }
    if "caution" in kinds:
        found["caution"] = int(any(kind_of(row, study) == "caution" for row in rows))
    for row in rows:
        kind = kind_of(row, study)
        if kind == "lowest_error" and kind in kinds:
            params = json.loads(row.params)
            found[kind] = int(bool(found.get(kind)) or params.get("estimator", params.get("unseen")) != best)
        elif (
            kind in kinds
            and kind not in (*GAINS, "caution")
            and row.decision != UNTESTED
            and not rests_on_too_few(row)
        ):
            found[kind] = int(bool(found.get(kind)) or row.is_established)
    return found


def held_in(
    run: Run, rows: Sequence[FindingRow], truth: Mapping[str, float]
) -> Iterator[tuple[str, int | None]]:
    """Yield whether each interval of the headline, or of a coefficient, holds the truth; None without one."""
    outcome = run.manifest.study.outcomes[0]
    of_headline = {
        row.key.removeprefix(f"headline/{outcome}/"): row for row in rows if row.finding == "headline"
    }
    coefficients = {row.term: row for row in run.rows(COEFFICIENTS) if row.estimator == "quantile_effects"}
    for name, value in truth.items():
        row = of_headline.get(name) or coefficients.get(name)
        is_held = None if row is None else int(row.conf_low <= value <= row.conf_high)
        yield f"held {name.rpartition('=')[2]}", is_held


def part_of(study: str, folder: Path = SPECS) -> Path:
    """Return the file of a part."""
    return folder / f"{study}_panels.csv"


def read_part(study: str, folder: Path = SPECS) -> pd.DataFrame:
    """Return a part; an empty table where there is none."""
    path = part_of(study, folder)
    return from_csv(path.read_text(encoding="utf-8")) if path.exists() else pd.DataFrame(columns=[*KEY])


def cells_of(study: str, cells: Sequence[PanelShape] = CELLS) -> list[PanelShape]:
    """Return the shapes that a study is done on."""
    (n, t), most = STUDIES[study].least, STUDIES[study].most
    return [
        cell
        for cell in cells
        if n <= cell.entities <= most
        and cell.periods >= t
        and not (cell.is_binary and study in ("moderated", "contrasts"))
    ]


def grow(
    studies: Sequence[str],
    n_panels: int,
    *,
    cells: Sequence[PanelShape] = CELLS,
    sides: Sequence[bool] = (False, True),
    folder: Path = SPECS,
    seconds: float = float("inf"),
) -> None:
    """Add what is missing up to so many panels of each shape, a row at a time.

    Panels with a number come before those with the next; no panel is begun after so many seconds.

    Parameters
    ----------
    sides : whether panels have an effect
    """
    end = monotonic() + seconds
    done = {one: set(read_part(one, folder)[[*KEY]].itertuples(index=False, name=None)) for one in studies}
    for number, study in product(range(1, n_panels + 1), studies):
        for cell, has_effect in product(cells_of(study, cells), sides):
            if (cell.name, number, int(has_effect)) in done[study]:
                continue
            if monotonic() > end:
                return
            _add(part_of(study, folder), grid_row(study, cell, number, has_effect=has_effect))


def _add(path: Path, row: Mapping[str, Any]) -> None:
    is_new = not path.exists()
    names = list(row) if is_new else path.read_text(encoding="utf-8").partition("\n")[0].split(",")
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        if is_new:
            writer.writeheader()
        writer.writerow(row)


def grid_table() -> pd.DataFrame:
    """Return what was counted, a row for each cell and kind; features are medians without an effect.

    Kinds that no panel of a cell could have have no row there.
    """
    rows: list[dict[str, Any]] = []
    for study, asked in STUDIES.items():
        for cell, own in read_part(study).groupby("cell", sort=False):
            without, having = (own[own["has_effect"] == is_there] for is_there in (0, 1))
            medians = without[list(FEATURES)].median().round(4)
            features = {name: float(medians[name]) for name in FEATURES}
            for kind in asked.kinds:
                false, found = (side[kind].dropna() for side in (without, having))
                is_power = kind not in ("caution", "lowest_error")
                if false.empty or (is_power and found.empty):
                    continue
                effect = SIZES.get(kind, SIZES.get(kind.rpartition("_")[0], SLOPE))
                counts = {"n_panels": false.size, "n_false": int(false.sum())}
                counts |= {"n_true": found.size * is_power, "n_found": int(found.sum()) * is_power}
                rows.append({"cell": cell} | features | {"finding": kind, "effect": effect} | counts)
    return pd.DataFrame(rows)


def kind_table() -> pd.DataFrame:
    """Return what was counted of each kind over all shapes, as the docs have it."""
    rows = []
    for kind, own in grid_table().groupby("finding", sort=False):
        n_panels, n_false = int(own["n_panels"].sum()), int(own["n_false"].sum())
        row = {"finding": kind, "false, %": share_with_limits(n_false, n_panels)}
        row |= {"panels": n_panels, "size": own["effect"].iloc[0]}
        for name, least, most in (("fewer than 100 entities", 0, 99), ("100 and more", 99, np.inf)):
            side = own[(own["entities"] > least) & (own["entities"] <= most)][["n_found", "n_true"]].sum()
            is_known = side["n_true"] > 0
            row[f"found, {name}"] = f"{100 * side['n_found'] / side['n_true']:.0f}" if is_known else ""
        rows.append(row)
    return pd.DataFrame(rows)


# What made the shipped table, next to it.
ORIGIN = SHIPPED.replace(".csv", ".json")


def origin() -> Mapping[str, object]:
    """Return the versions of harness and rules, and the SHA-256 of what the grid is drawn and counted by.

    These are specs, seed, shapes, effect and the code that draws a panel and counts: other code of this file,
    or of the harness, does not change it.
    """
    drawn = {
        "specs": {name: (SPECS / f"{name}.yaml").read_text(encoding="utf-8") for name in STUDIES},
        "counted": {name: one.kinds for name, one in STUDIES.items()} | GAINS,
        "panels": {"seed": SEED, "cells": list(map(asdict, (*CELLS, COVERED)))},
        "code": [inspect.getsource(part) for part in (grid_panels, lasting, grid_row, found_in)],
    }
    digest = hashlib.sha256(json.dumps(drawn, sort_keys=True).encode()).hexdigest()
    versions = {"panel-harness": __version__, "rules_version": RULES_VERSION}
    return {"made_by": "benchmarks/shape_grid.py", **versions, "sha256": digest}


def main() -> None:
    """Simulate the panels that are missing, and write the table of what was counted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--panels", type=int, default=20, help="of each shape, with and without an effect")
    parser.add_argument(
        "--studies", nargs="+", choices=STUDIES, default=[one for one in STUDIES if one != "quantiles"]
    )
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--folder", type=Path, default=SPECS, help="of the parts")
    asked = parser.parse_args()
    grow(asked.studies, asked.panels, folder=asked.folder, seconds=asked.seconds)
    if asked.folder != SPECS:
        return
    shipped = Path(inspect.getfile(shape_of)).parent
    (shipped / SHIPPED).write_text(csv_text(grid_table()), encoding="utf-8")
    (shipped / ORIGIN).write_text(f"{json.dumps(origin(), indent=1)}\n", encoding="utf-8")
    (MEASURED / "kind_rates.csv").write_text(csv_text(kind_table()), encoding="utf-8")
    print(shipped / SHIPPED)


if __name__ == "__main__":
    main()
