"""Calibrate a study: read it, repeat a cheap form of it on drawn panels, write the tables and the page."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from harness.calibration.drawn_study import TOLERANCES, DrawnStudy, Findings, features, fit_linear_truth
from harness.calibration.findings import (
    KINDS,
    TEXTS,
    VERDICT,
    Calibration,
    CalibrationRow,
    FeatureRow,
    Reduction,
    calibration_findings,
    decide_share,
    nominal_share,
)
from harness.calibration.page import calibration_page
from harness.estimators.protocol import Estimator
from harness.evaluation.protocol import SAME_ENTITY, TOUCHES_TEST_ROWS
from harness.findings.checks import CHECKS
from harness.findings.run import RULE, Rule
from harness.findings.shape import LEVEL, exact_limits
from harness.findings.table import RULES
from harness.installed import installed
from harness.language import marked
from harness.record.manifest import Manifest, StudyRecord, record_text
from harness.running.calibration_record import CALIBRATION_RECORD, calibration_record
from harness.running.dependence import Environment, installed_code, versions
from harness.running.folder import RunFolder
from harness.running.graph import execute
from harness.running.options import RunOptions
from harness.running.plan import Plan, as_quick, each_changed, make_plan
from harness.running.prepare import Prepared, prepare
from harness.running.progress import Count, Progress
from harness.running.provenance import manifest_of
from harness.running.varied import Most, capped
from harness.running.workers import Workers
from harness.study.spec.study import Study
from harness.tables.findings import CHECK_RATES, ERROR_RATES, FINDINGS
from harness.tables.table import columns_of, read_rows
from harness.tables.variations import VARIATION_EFFECTS
from harness.text.render import with_text

# Names of the tables: of shares, and of the page; of its sentences; of what was reduced; of what drawn panels
# kept of the data.
CALIBRATION, SENTENCES = "calibration", "calibration_findings"
FORM, FEATURES = "calibration_form", "calibration_features"


def feature_table(
    fitted: Mapping[str, Mapping[str, float]], drawn: Iterable[Mapping[str, Mapping[str, float]]]
) -> pd.DataFrame:
    """Return the features of the data beside those of the drawn panels.

    Parameters
    ----------
    fitted : by outcome and feature
    drawn : the same of every panel, at least one

    Returns
    -------
    Columns of `FeatureRow`: mean and standard deviation over the panels, and whether the mean is as near to
    the data as `TOLERANCES` say, given two standard errors of the mean; no for what is not defined.
    """
    panels = list(drawn)
    rows = []
    for outcome, own in fitted.items():
        for feature, value in own.items():
            values = np.array([panel[outcome][feature] for panel in panels])
            mean, deviation = float(values.mean()), float(values.std())
            size = abs(value) if feature == "kurtosis" else 1.0
            near = TOLERANCES[feature] * size + 2.0 * deviation / np.sqrt(values.size) + 1e-12
            rows.append((outcome, feature, value, mean, deviation, bool(abs(mean - value) <= near)))
    return pd.DataFrame(rows, columns=list(columns_of(FeatureRow)))


def calibration_tables(
    prepared: Prepared,
    manifest: Manifest,
    *,
    n_panels: int,
    effects: Sequence[float],
    workers: Workers,
    rules: Sequence[Rule] = RULES,
    apart: Callable[[Any], Any] = lambda task: task,
    on_done: Callable[[Findings], None],
) -> Mapping[str, pd.DataFrame]:
    """Repeat a study on panels drawn from a linear truth, and return what was found, by name of the table.

    Parameters
    ----------
    prepared : the study, on the user's data; folds are the same for all panels
    manifest : of the study
    n_panels : >= 1, panels to draw with each effect
    effects : of the exposure, outcome units per unit of exposure; zero first
    rules : on the tables of the study, of the harness and of plugins
    apart : returns a task, or what keeps it from sharing its process with others
    on_done : called as each panel is done

    Returns
    -------
    `CALIBRATION`: columns of `CalibrationRow`, the share of the panels with each finding, with exact binomial
    limits of coverage `LEVEL`; of a pointwise band the mean share of the curve, with limits as if each panel
    counted once. `ERROR_RATES`: how often findings were made on panels without an effect, in which everything
    is linear and alike in all groups. A gain over the reference of the study counts where a protocol hides
    the tested entities; elsewhere knowing them is one. `CHECK_RATES`: how often all robustness checks passed.
    `FEATURES`: what these panels kept of the data, see `feature_table`.
    """
    plan = prepared.plan
    truths = {
        effect: {
            outcome: fit_linear_truth(plan.panels.panel(outcome), effect=effect)
            for outcome in plan.study.roles.outcomes
        }
        for effect in effects
    }
    tasks = (
        DrawnStudy(prepared, manifest, truths[effect], effect, number, apart, tuple(rules))
        for effect in effects
        for number in range(1, n_panels + 1)
    )
    panels = execute(tasks, workers=workers, on_done=on_done)
    found = pd.concat(
        [panel.table.assign(effect=panel.effect, panel=panel.label) for panel in panels], ignore_index=True
    )
    keys = ["effect", "outcome", "estimator", "protocol", "finding"]
    shares = pd.DataFrame(
        [{**row, **_promised(manifest.study, row)} for row in _shares(found, keys)],
        columns=list(columns_of(CalibrationRow)),
    )
    return {
        CALIBRATION: shares,
        CHECK_RATES.name: shares.loc[shares["finding"].isin(CHECKS), list(CHECK_RATES.columns)],
        ERROR_RATES.name: _error_rates(plan, found[found["effect"] == 0.0]),
        FEATURES: feature_table(
            {outcome: features(own.unexplained, own.parts.cells) for outcome, own in truths[0.0].items()},
            [panel.features for panel in panels if panel.effect == 0.0],
        ),
    }


def _error_rates(plan: Plan, found: pd.DataFrame) -> pd.DataFrame:
    """Return how often each kind of finding was made; `found` is of panels where none is there.

    Gains have a row for all estimators together as well, for a sentence that names those with one.
    """
    knowing = TOUCHES_TEST_ROWS | {SAME_ENTITY.code}
    protocols = [entry.protocol for entry in plan.study.evaluation.protocols]
    hides = any(knowing.isdisjoint(leak.code for leak in protocol.leaks) for protocol in protocols)
    kinds = set(KINDS) if hides else set(KINDS) - {VERDICT}
    own = found[found["finding"].isin(kinds)]
    gains = own[own["finding"] == VERDICT]
    of_any = gains.groupby(["outcome", "finding", "panel"], sort=False, as_index=False)["found"].max()
    shares = _shares(
        pd.concat([own, of_any.assign(estimator="")], ignore_index=True), ["outcome", "estimator", "finding"]
    )
    rows = [
        {**share, "error_rate": share["share"], "n_found": round(share["share"] * share["n_panels"])}
        for share in shares
    ]
    return pd.DataFrame(rows, columns=list(ERROR_RATES.columns))


def _shares(found: pd.DataFrame, keys: list[str]) -> Iterator[dict[str, Any]]:
    for key, own in found.groupby(keys, sort=False)["found"]:
        share, n_panels = float(own.mean()), len(own)
        low, high = exact_limits(round(share * n_panels), n_panels)
        yield dict(zip(keys, key, strict=True)) | {
            "share": share,
            "conf_low": low,
            "conf_high": high,
            "n_panels": n_panels,
        }


def _promised(study: StudyRecord, row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what is promised of a share, and what was decided on it."""
    nominal = nominal_share(study, row["finding"], row["protocol"])
    decision = decide_share(row["share"], row["conf_low"], row["conf_high"], nominal)
    return {"nominal": nominal, "decision": decision}


# Repetitions and steps of a fit, splits that are drawn again and again, points of curves and draws of bands.
# With as few draws, limits of level 0.95 are still within the draws.
CAPS: Most = {
    **dict.fromkeys(("repeats", "restarts", "draw_restarts", "map_starts"), 1),
    **dict.fromkeys(("max_steps", "max_rounds"), 50),
    "folds": 2,
    "grid": 12,
    "draws": 40,
    "fold_draws": 5,
    "sizes_around": 0,
    "patience": 15,
    "trees": 30,
    "draw_trees": 15,
}


def cheap_form(study: Study, rules: Sequence[Rule] = RULES) -> Study:
    """Return the cheap form of a study that a calibration repeats.

    All estimators and protocols stay, and all rows and columns. Each takes its quick form, and options named
    in `CAPS` are held to what stands there. Only scenarios that find something are requested, by the table
    that a finding rests on; the multiverse is left out.
    """
    quick = as_quick(study)
    found_in = {VARIATION_EFFECTS.name, *(table for rule in rules for table in rule.tables)}
    evaluation = quick.evaluation
    finding = [one for one in quick.scenarios if any(table.name in found_in for table in one.scenario.tables)]
    held = partial(capped, most=CAPS)
    fewer = {"protocols": each_changed(evaluation.protocols, "protocol", held)}
    changed = {
        "estimators": each_changed(quick.estimators, "estimator", held),
        "scenarios": each_changed(finding, "scenario", held),
        "multiverse": None,
        "method_ladder": None,
        "expect": (),
        "claims": (),
        "data": replace(quick.data, simulate=None),
        "evaluation": evaluation.model_copy(update=fewer),
    }
    return quick.model_copy(update=changed)


def reductions(study: Study, form: Study) -> Iterator[Reduction]:
    """Yield every option of a study that is not in its cheap form as in the spec."""
    parts: Mapping[str, tuple[Iterable[Any], Iterable[Any]]] = {
        "estimator": (study.estimators, form.estimators),
        "protocol": (study.evaluation.protocols, form.evaluation.protocols),
        "scenario": (study.scenarios, form.scenarios),
    }
    for part, (entries, held) in parts.items():
        kept = {entry.id: getattr(entry, part) for entry in held}
        for entry in entries:
            if entry.id in kept:
                yield from _differences(getattr(entry, part), kept[entry.id], (part, entry.id))
            else:
                yield Reduction(part, entry.id, "asked", "yes", "no")
    if study.multiverse is not None:
        yield Reduction("multiverse", "", "computed", "yes", "no")


def _differences(
    was: Any,  # noqa: ANN401 - whatever a spec can choose
    now: Any,  # noqa: ANN401 - of the same type
    key: tuple[str, str],
    within: str = "",
) -> Iterator[Reduction]:
    for option in dataclasses.fields(was):
        old, new = getattr(was, option.name), getattr(now, option.name)
        if isinstance(old, Estimator):
            yield from _differences(old, new, key, f"{within}{option.name}.")
        elif old != new:
            yield Reduction(*key, f"{within}{option.name}", str(old), str(new))


def calibrate(
    options: RunOptions, *, n_panels: int, effect: float, on_progress: Progress | None = None
) -> Path:
    """Repeat a study on drawn panels, write tables and a page on them, and return the page's path.

    ``calibration.csv`` holds how often what was found, ``calibration_findings.csv`` the sentences on it,
    ``error_rates.csv`` how often what is not there,
    ``calibration_features.csv`` what the drawn panels kept of the data, ``calibration_form.csv`` what was
    reduced, and ``calibration.json`` of which study it all is.

    Parameters
    ----------
    n_panels : >= 1, panels to draw with each effect
    effect : of the exposure, outcome units per unit of exposure, in panels next to those without one; 0 for
        none but these

    Raises
    ------
    SpecError, DataError, ArtifactError
        Before anything is fitted.
    """
    registry = installed(options.plugins)
    started, prepared = datetime.now(UTC), prepare(options, registry)
    rules = tuple(registry.of(RULE).values())
    form = cheap_form(prepared.plan.study, rules)
    cut = tuple(reductions(prepared.plan.study, form))
    plan = make_plan(form, prepared.panels, registry.catalogs)
    path = options.out or Path("runs") / f"{plan.study.study}-{CALIBRATION}"
    effects = (0.0, effect) if effect else (0.0,)
    count = Count(n_panels * len(effects), on_progress, last=marked("tables and the page"))
    if on_progress is not None:
        on_progress(0, n_panels * len(effects), "the first panels")
    record = calibration_record(prepared, versions(registry.brought_by))
    manifest = calibration_manifest(options, prepared, n_panels=n_panels, effect=effect, started=started)
    keep = [file.path for file in prepared.table.files]
    with RunFolder.claimed(path) as folder, folder.replaced(keep=keep) as new:
        new.write_table(FORM, pd.DataFrame(map(vars, cut), columns=list(columns_of(Reduction))))
        tables = calibration_tables(
            *(replace(prepared, plan=plan), manifest),
            n_panels=n_panels,
            effects=effects,
            workers=options.workers,
            rules=rules,
            apart=options.apart(registry),
            on_done=lambda findings: count.done(findings.label),
        )
        for name, table in tables.items():
            new.write_table(name, table)
        found = Calibration(
            manifest=manifest,
            n_panels=n_panels,
            effects=effects,
            limits=LEVEL,
            rows=read_rows(tables[CALIBRATION], CalibrationRow, table=CALIBRATION),
            features=read_rows(tables[FEATURES], FeatureRow, table=FEATURES),
            reductions=cut,
        )
        sentences = [with_text(row, manifest.study, TEXTS) for row in calibration_findings(found)]
        new.write_table(
            SENTENCES, pd.DataFrame([vars(row) for row in sentences], columns=list(FINDINGS.columns))
        )
        new.write_text(f"{CALIBRATION}.html", calibration_page(found, messages=registry.messages))
        new.write_text(CALIBRATION_RECORD, record_text(record))
    return path / f"{CALIBRATION}.html"


def calibration_manifest(
    options: RunOptions, prepared: Prepared, *, n_panels: int, effect: float, started: datetime
) -> Manifest:
    """Return what the page says of the study that was repeated, but for the time that it took."""
    spec = options.spec_path(Path())
    words = ["harness", "calibrate", spec.as_posix(), "--panels", str(n_panels), "--effect", f"{effect:g}"]
    used = Environment(installed_code(), versions(installed(options.plugins).brought_by))
    manifest = manifest_of(options, prepared, used, folder=Path(), started=started, seconds=0.0)
    return replace(manifest, command=shlex.join(words))
