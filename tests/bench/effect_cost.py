"""Measure what the scenario `effect` adds to a study, in seconds of one processor.

Run in a checkout as ``OMP_NUM_THREADS=1 python tests/bench/effect_cost.py SPEC RUN`` with the folder that
``harness run SPEC --quick`` wrote. Learning is done again; tests of the effect's form and figures are made
again from the tables of the run.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from types import SimpleNamespace
from typing import cast

import pandas as pd

from harness.api import prepare_study
from harness.report.drawing.canvas import FigureRenderer, house_style
from harness.report.model.run import read_run
from harness.report.sections.effects.section import EffectsSection
from harness.running.effect_tests import effect_tests
from harness.running.folder import RunFolder
from harness.running.options import RunOptions
from harness.running.prepare import Prepared
from harness.running.results import RunResults
from harness.scenarios.effect.scenario import EffectScenario
from harness.scenarios.parts import answered_in_parts
from harness.tables.curves import CURVE_DRAWS


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print the seconds that a block takes."""
    start = process_time()
    yield
    print(f"{what}: {process_time() - start:.1f} s", flush=True)


def learn(prepared: Prepared) -> None:
    """Make every part of the scenario, and the effects of them."""
    for _, scenario, question in prepared.plan.questions():
        if isinstance(scenario, EffectScenario):
            answered_in_parts(scenario, question)


@dataclass(frozen=True, eq=False)
class Drawn:
    """The draws of one estimator's curve, as `RunResults` has them."""

    outcome: str
    estimator: str
    answers: tuple[SimpleNamespace, ...]


def drawn_curves(draws: pd.DataFrame) -> list[Drawn]:
    """Return the draws of all curves of a run."""
    found = draws[draws["status"] == "ok"].groupby(["outcome", "estimator", "scenario"], observed=True)
    return [
        Drawn(str(outcome), str(estimator), (_answer(scenario, rows),))
        for (outcome, estimator, scenario), rows in found
    ]


def _answer(scenario: object, rows: pd.DataFrame) -> SimpleNamespace:
    return SimpleNamespace(scenario=scenario, tables={CURVE_DRAWS.name: rows})


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("spec", type=Path)
    parser.add_argument("run", type=Path)
    asked = parser.parse_args()
    prepared = prepare_study(RunOptions(spec=asked.spec, quick=True))
    with timed("learning"):
        learn(prepared)
    folder = RunFolder.open(asked.run)
    run = read_run(folder)
    study = prepared.plan.study
    results = SimpleNamespace(
        study=study,
        estimators=tuple(entry.id for entry in study.estimators),
        panels=prepared.panels,
        fulls=drawn_curves(run.frame(CURVE_DRAWS.name)),
    )
    panels = {name: prepared.panels.panel(name) for name in study.roles.outcomes}
    with timed("tests"):
        print(len(list(effect_tests(cast("RunResults", results), panels, folder))), "tests")
    with timed("figures"), house_style():
        content = EffectsSection().content(run, FigureRenderer(is_simulated=False))
        for figure in content.figures:
            print(figure.name, len(figure.png), "bytes")


if __name__ == "__main__":
    main()
