"""Compare shipped error rates with exact ones on public panels: ``benchmarks/shipped_rates.py PANEL ...``.

Outcomes without an effect are drawn on the rows of each panel as ``harness calibrate`` draws them, and the
study of the grid of shapes is run on them. A rate agrees where it lies within the exact limits of the share
of drawn panels. What is found on each is kept in the folder ``--out``, and panels in it are not drawn again.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from ruamel.yaml import YAML

from harness.calibration.drawn_study import DrawnPanels, fit_linear_truth, run_on
from harness.calibration.run import calibration_manifest
from harness.findings.rules.gain import kind_of
from harness.findings.shape import exact_limits, shape_rates
from harness.findings.table import findings_of
from harness.installed import installed
from harness.rng import random_stream
from harness.running.options import RunOptions
from harness.running.prepare import Prepared, prepare
from shape_grid import FLEXIBLE, SPECS, STUDIES

PANELS = Path(__file__).parents[1] / "suites" / "panels"

# Kinds of one protocol and without groups.
KINDS = ("gain", *(kind for kind in STUDIES["study"] if "gain" not in kind and kind != "group_difference"))

SEED = 36


def prepared_study(name: str, out: Path) -> tuple[RunOptions, Prepared]:
    """Return the study of the grid on a public panel."""
    reader = YAML(typ="safe")
    grid, own = (reader.load(path) for path in (SPECS / "study.yaml", PANELS / f"{name}.yaml"))
    splines = grid["estimators"][-1]
    if not own["roles"].get("moderators"):
        del splines["products"]
    asked = [one for one in grid["scenarios"] if one["use"] in ("curve", "effect")]
    kept = {key: own[key] for key in ("spec_version", "study", "title", "seed", "data", "roles")}
    study = kept | {"estimators": grid["estimators"], "scenarios": asked, "report": grid["report"]}
    study |= {"evaluation": {"reference": "ols", "protocols": ["held_out_entities"]}}
    path = out / f"{name}.yaml"
    reader.dump(study, path)
    options = RunOptions(path)
    return options, prepare(options, installed(options.plugins))


def findings_on(options: RunOptions, prepared: Prepared, number: int) -> Mapping[str, bool]:
    """Return whether any finding of each kind is significant on a drawn panel."""
    (outcome,) = prepared.plan.study.roles.outcomes
    truth = fit_linear_truth(prepared.panels.panel(outcome), effect=0.0)
    drawn = truth.draw(random_stream(SEED, prepared.plan.study.study, number))
    panels = DrawnPanels(prepared.panels, {outcome: drawn.observed})
    seed = {"seed": int(random_stream(SEED, number).integers(2**31))}
    plan = replace(prepared.plan, panels=panels, study=prepared.plan.study.model_copy(update=seed))
    manifest = calibration_manifest(options, prepared, n_panels=1, effect=0.0, started=datetime.now(UTC))
    run, _ = run_on(plan, manifest, [task for task in plan.full_tasks() if task.subject.name in FLEXIBLE])
    found = dict.fromkeys(KINDS, False)
    for row in findings_of(run):
        kind = kind_of(row, manifest.study)
        if kind in found and (kind != "gain" or row.estimator == "splines"):
            found[kind] |= row.is_established
    return found


def main() -> None:
    """Draw, and print a row a panel and kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("panels", nargs="+", metavar="PANEL")
    parser.add_argument("--draws", type=int, default=100)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    print("| panel | finding | printed, % | calibrated, % | agrees |\n|---|---|---|---|---|")
    for name in asked.panels:
        options, prepared = prepared_study(name, asked.out)
        kept = asked.out / f"{name}.jsonl"
        lines = kept.read_text(encoding="utf-8").splitlines() if kept.exists() else []
        with kept.open("a", encoding="utf-8") as file:
            for number in range(len(lines), asked.draws):
                lines.append(json.dumps(findings_on(options, prepared, number)))
                print(lines[-1], file=file, flush=True)
        found = [json.loads(line) for line in lines[: asked.draws]]
        printed = shape_rates([prepared.panels.panel(prepared.plan.study.roles.outcomes[0])])
        rates = printed.set_index("finding")["error_rate"]
        for kind in KINDS:
            count = sum(one[kind] for one in found)
            low, high = exact_limits(count, len(found))
            share = f"{100 * count / len(found):.1f} [{100 * low:.1f}, {100 * high:.1f}]"
            agrees = "yes" if low <= rates[kind] <= high else "no"
            print(f"| {name} | {kind} | {100 * rates[kind]:.1f} | {share} | {agrees} |", flush=True)


if __name__ == "__main__":
    main()
