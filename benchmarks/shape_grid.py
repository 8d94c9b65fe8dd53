"""The shipped error rates by shape of the panel: ``python benchmarks/shape_grid.py --panels 25 --jobs 2``.

Studies of cheap estimators are run on simulated panels of 24 shapes, with and without an effect, and what
they find is counted. ``shape_rates.csv`` in the folder is the table next to ``harness/findings/shape.py``,
which gives every run its rates, and ``shape_rates.json`` says which version made it of what. A grid that was
cut off goes on where it was: copy ``benchmarks/grid`` to ``runs/grid``.
"""

from __future__ import annotations

import argparse
import hashlib
import inspect
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.random import Generator

from harness import __version__
from harness.arrays import Floats
from harness.calibration.drawn_study import run_on
from harness.calibration.run import calibration_manifest
from harness.data.read.files import frame_file
from harness.data.simulate.simulation import lasting
from harness.estimators.guard import Status
from harness.findings.gains import Gains
from harness.findings.rules.gain import kind_of
from harness.findings.run import Run
from harness.findings.shape import FEATURES, SHIPPED, shape_of
from harness.findings.table import RULES_VERSION, findings_of
from harness.installed import installed
from harness.rng import random_stream
from harness.running.executor import execute
from harness.running.files import locked
from harness.running.folder import RunFolder
from harness.running.options import RunOptions
from harness.running.prepare import prepare
from harness.running.progress import Count, Progress, progress
from harness.tables.decision import ABOVE, CONDITIONAL

# The studies that are repeated.
SPECS = Path(__file__).parent / "grid"

# Root of all panels.
SEED = 34

KEY = ["cell", "number", "has_effect"]

# Gains by kind: reference, protocol and estimator. Without an effect none of these is there; fixed effects,
# whose slopes are not biased by entity effects, truly gain a little over pooled OLS for new entities.
GAINS = {
    "gain": ("ols", "held_out_entities", "splines"),
    "gain_forward": ("fe", "forward", "bent"),
    "gain_over_fixed_effects": ("fe", "random_rows", "bent"),
}

# Kinds of findings that are counted, by the study that they come of; others than gains as `kind_of` has them.
STUDIES: Mapping[str, tuple[str, ...]] = {
    "study": (
        *(*GAINS, "primary_effect", "secondary_effect", "nonlinearity"),
        *("model_curve", "bend", "turning_point", "group_difference"),
    ),
    "moderated": ("interaction", "sign_change", "threshold"),
    "contrasts": ("contrast",),
}

# Estimators that curves, groups and contrasts are asked of; those of the others are lines.
FLEXIBLE = ("bent", "splines", "within")

# Those that are asked for their own tests alone.
TESTED = ("threshold",)

# An effect: slope, square and product with the moderator of the exposure, each of variance one. Next to a
# variance of 2.1 that nothing explains, the latter two are a gain of 25 % for new entities.
EFFECT = (0.3, 0.7, 0.45)

# Share of the rows that are missing.
MISSING = 0.1


@dataclass(frozen=True)
class PanelShape:
    """A shape that panels are drawn with.

    Attributes
    ----------
    autocorrelation : of the errors of an entity
    is_heavy : whether these are of a t distribution with three degrees of freedom and a spread by entity
    between : share of the exposure's variance between entities
    """

    entities: int
    periods: int
    autocorrelation: float
    is_heavy: bool
    between: float

    @property
    def name(self) -> str:
        """Name of the cell, such as ``30x5-r0.9-heavy-b0``."""
        tails = "heavy" if self.is_heavy else "normal"
        shape = f"{self.entities}x{self.periods}"
        return f"{shape}-r{self.autocorrelation:g}-{tails}-b{self.between:g}"

    def draw(self, rng: Generator, *, has_effect: bool) -> pd.DataFrame:
        """Draw a panel: regressors, entity effects, period shocks and autocorrelated errors."""
        n, size = self.entities, (self.entities, self.periods)
        exposure, moderator, control = (_column(rng, size, between) for between in (self.between, 0.5, 0.5))
        innovations = rng.standard_normal(size)
        if self.is_heavy:
            spread = np.exp(0.8 * rng.standard_normal((n, 1)) - 0.64)
            innovations = spread * rng.standard_t(3, size=size) / np.sqrt(3.0)
        errors = lasting(innovations, self.autocorrelation)
        levels, shocks = rng.standard_normal((n, 1)), np.sqrt(0.1) * rng.standard_normal((1, self.periods))
        outcome = 0.5 * (moderator + control) + levels + shocks + errors
        if has_effect:
            terms = exposure, (exposure**2 - 1.0) / np.sqrt(2.0), exposure * moderator
            outcome = outcome + sum(weight * term for weight, term in zip(EFFECT, terms, strict=True))
        means = moderator.mean(axis=1)
        half = np.where(means > np.median(means), "high", "low")
        unit, period = np.indices(size)
        frame = pd.DataFrame(
            {
                "unit": np.char.add("u", unit.ravel().astype(str)),
                "period": 2001 + period.ravel(),
                "y": outcome.ravel(),
                "x": exposure.ravel(),
                "m": moderator.ravel(),
                "z": control.ravel(),
                "half": np.repeat(half, self.periods),
                "third": pd.qcut(exposure.ravel(), 3, labels=["low", "middle", "high"]).astype(str),
            }
        )
        return frame[rng.uniform(size=len(frame)) >= MISSING]


def _column(rng: Generator, size: tuple[int, int], between: float) -> Floats:
    """Return a regressor of variance one, an autoregression with coefficient .5 around entity means."""
    moves = lasting(rng.standard_normal(size), 0.5)
    return np.asarray(np.sqrt(between) * rng.standard_normal((size[0], 1)) + np.sqrt(1.0 - between) * moves)


def _half(periods: Sequence[int]) -> Iterator[PanelShape]:
    """Yield half of the factorial of two levels of each feature: the others decide on that of exposures."""
    features = (enumerate((30, 500)), enumerate(periods), enumerate((0.0, 0.9)), enumerate((False, True)))
    for n_entities, n_periods, autocorrelation, is_heavy in product(*features):
        side = n_entities[0] + n_periods[0] + autocorrelation[0] + is_heavy[0]
        between = (0.0, 0.95)[side % 2]
        yield PanelShape(n_entities[1], n_periods[1], autocorrelation[1], is_heavy[1], between)


# Of resolution five with 5 and 18 periods, and of resolution four with 3.
CELLS = (*_half((5, 18)), *_half((3,)))


@dataclass(frozen=True)
class PanelFindings:
    """One panel as a row of a table of panels: its key, its shape, and what a study found, by column."""

    row: Mapping[str, Any]
    label: str
    status: Status = "ok"


@dataclass(frozen=True)
class GridPanel:
    """One panel of the grid, ready to be drawn and studied in any process.

    Attributes
    ----------
    study : that is repeated, of `STUDIES`
    number : of the panel in its cell
    """

    options: RunOptions
    study: str
    cell: PanelShape
    number: int
    has_effect: bool

    @property
    def label(self) -> str:
        """Name of the panel, for progress."""
        return f"panel {self.number} of {self.cell.name}" + (", with an effect" if self.has_effect else "")

    def run(self) -> PanelFindings:
        """Draw the panel and return what the study finds on it."""
        rng = random_stream(SEED, "grid", self.cell.name, self.number, int(self.has_effect))
        frame = self.cell.draw(rng, has_effect=self.has_effect)
        options = replace(
            self.options,
            spec=SPECS / f"{self.study}.yaml",
            data=frame_file(frame),
            overrides=(f"seed={rng.integers(2**31)}",),
        )
        prepared = prepare(options, installed(options.plugins))
        manifest = calibration_manifest(
            *(options, prepared), n_panels=1, effect=0.0, started=datetime.now(UTC)
        )
        tasks = [
            replace(task, scenarios={}) if task.subject.name in TESTED else task
            for task in prepared.plan.full_tasks()
        ]
        asked = [task for task in tasks if task.subject.name in (*FLEXIBLE, *TESTED)]
        run, _ = run_on(prepared.plan, manifest, asked)
        (outcome,) = prepared.plan.study.roles.outcomes
        key = dict(zip(KEY, (self.cell.name, self.number, self.has_effect), strict=True))
        shape = asdict(shape_of(prepared.panels.panel(outcome)))
        return PanelFindings({**key, **shape, **found_in(run, outcome, self.study)}, self.label)


def found_in(run: Run, outcome: str, name: str) -> Mapping[str, bool]:
    """Return whether any finding of each kind is established, and each gain of `GAINS` by its own protocol.

    Kinds are those of one of `STUDIES`.

    A gain forward in time counts with few periods too, where it is one given these periods.
    """
    study, gains = run.manifest.study, Gains(run)
    decisions = {
        (row.reference, row.protocol, row.estimator): row.decision
        for over in (gains, *gains.further)
        for row in over.rows(outcome)
    }
    found = {
        kind: decisions[key] in (ABOVE, CONDITIONAL) for kind, key in GAINS.items() if kind in STUDIES[name]
    }
    for row in findings_of(run):
        kind = kind_of(row, study)
        if kind in STUDIES[name] and kind not in GAINS:
            found[kind] = found.get(kind, False) or row.is_established
    return found


def grid_table(panels: pd.DataFrame) -> pd.DataFrame:
    """Return what was counted, a row for each cell and kind; features are medians without an effect.

    Kinds that no panel was asked for have no rows.
    """
    rows: list[dict[str, Any]] = []
    for cell, own in panels.groupby("cell", sort=False):
        medians = own.loc[~own["has_effect"], list(FEATURES)].median().round(4)
        features = {name: float(medians[name]) for name in FEATURES}
        for kind in (kind for kinds in STUDIES.values() for kind in kinds if kind in panels):
            without, having = (
                own.loc[own["has_effect"] == is_there, kind].dropna() for is_there in (False, True)
            )
            counts = {"n_panels": without.size, "n_false": int(without.sum())}
            counts |= {"n_true": having.size, "n_found": int(having.sum())}
            rows.append({"cell": cell} | features | {"finding": kind} | counts)
    return pd.DataFrame(rows)


def calibrate_grid(
    options: RunOptions,
    *,
    n_panels: int,
    studies: Sequence[str] = tuple(STUDIES),
    cells: Sequence[PanelShape] = CELLS,
    on_progress: Progress | None = None,
) -> Path:
    """Repeat studies on panels of many shapes, and return the path of the table of what was counted.

    Panels of every shape with a number, without an effect and with one, are done before those with the next,
    and kept: a grid that was cut off goes on where it was, and one of fewer panels is grown.

    Parameters
    ----------
    n_panels : >= 1, panels of each shape with an effect, and as many without
    studies : of `STUDIES`; the table also counts what others have found in the folder, on the panels that the
        first of all was repeated on
    """
    folder = RunFolder.create(options.out or Path("runs") / "grid")
    count = Count(2 * n_panels * len(cells) * len(studies), on_progress, last="the table")
    with locked(folder.path), options.local_workers.kept() as workers:
        for study, number in product(studies, range(1, n_panels + 1)):
            panels = folder.read_table(panels_of(study))
            done = set() if panels.empty else set(panels[KEY].itertuples(index=False, name=None))
            tasks = [
                GridPanel(options, study, cell, number, has_effect)
                for cell, has_effect in product(cells, (False, True))
            ]
            asked = [task for task in tasks if (task.cell.name, number, task.has_effect) not in done]
            for task in set(tasks) - set(asked):
                count.done(task.label)
            found = execute(asked, workers=workers, on_done=lambda one: count.done(one.label))
            if found:
                panels = pd.concat([panels, pd.DataFrame([one.row for one in found])], ignore_index=True)
                folder.write_table(panels_of(study), panels)
        first, *others = (folder.read_table(panels_of(study)) for study in STUDIES)
        for panels in others:
            if not panels.empty:
                first = first.merge(panels.drop(columns=list(FEATURES)), on=KEY, how="left")
        folder.write_table(SHIPPED.removesuffix(".csv"), grid_table(first))
        folder.write_text(ORIGIN, f"{json.dumps(origin(), indent=1)}\n")
    return folder.path / SHIPPED


# What made the shipped table, next to it.
ORIGIN = SHIPPED.replace(".csv", ".json")


def origin() -> Mapping[str, object]:
    """Return the versions of harness and rules, and the SHA-256 of what the grid is drawn and counted by.

    These are specs, seed, shapes, effect and the code that draws a panel: other code of this file, or of the
    harness, does not change it.
    """
    drawn = {
        "specs": {name: (SPECS / f"{name}.yaml").read_text(encoding="utf-8") for name in STUDIES},
        "counted": {"studies": STUDIES, "gains": GAINS, "flexible": FLEXIBLE, "tested": TESTED},
        "panels": {"seed": SEED, "effect": EFFECT, "missing": MISSING, "cells": list(map(asdict, CELLS))},
        "code": [inspect.getsource(part) for part in (PanelShape.draw, _column, lasting)],
    }
    digest = hashlib.sha256(json.dumps(drawn, sort_keys=True).encode()).hexdigest()
    versions = {"panel-harness": __version__, "rules_version": RULES_VERSION}
    return {"made_by": "benchmarks/shape_grid.py", **versions, "sha256": digest}


def panels_of(study: str) -> str:
    """Return the name of the table of the panels of a study, which a grid that was cut off takes up."""
    return f"{study}_panels"


def main() -> None:
    """Simulate the panels, and print the path of the table of what was counted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--panels", type=int, default=100, help="of each shape, with and without an effect")
    parser.add_argument("--studies", nargs="+", choices=STUDIES, default=tuple(STUDIES))
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("runs") / "grid")
    asked = parser.parse_args()
    options = RunOptions(SPECS, out=asked.out, jobs=asked.jobs)
    with progress() as on_progress:
        print(calibrate_grid(options, n_panels=asked.panels, studies=asked.studies, on_progress=on_progress))


if __name__ == "__main__":
    main()
