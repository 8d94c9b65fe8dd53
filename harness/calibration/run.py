"""Calibrate a study: read it, repeat a cheap form of it on drawn panels, write the tables and the page."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from harness.calibration.drawn_study import DrawnStudy, Findings
from harness.calibration.linear_truth import TOLERANCES, features, fit_linear_truth
from harness.calibration.page import calibration_page
from harness.calibration.rows import KINDS, VERDICT, Calibration, CalibrationRow, FeatureRow, Reduction
from harness.estimators.protocol import Estimator
from harness.evaluation.protocol import SAME_ENTITY, TOUCHES_TEST_ROWS
from harness.findings.table import RULES
from harness.installed import installed
from harness.record.manifest import Manifest, record_text
from harness.running.calibration_record import CALIBRATION_RECORD, calibration_record
from harness.running.capped import Most, capped
from harness.running.dependence import Surroundings, installed_code, versions
from harness.running.executor import execute
from harness.running.files import locked
from harness.running.folder import RunFolder
from harness.running.options import RunOptions
from harness.running.plan import Plan, as_quick, make_plan
from harness.running.prepare import Prepared, prepare
from harness.running.progress import Progress
from harness.running.provenance import manifest_of
from harness.running.workers import Workers
from harness.study.spec.study import Study
from harness.tables.findings import ERROR_RATES
from harness.tables.table import columns_of, read_rows

# Of the exact binomial limits of a share.
LEVEL = 0.95


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


@dataclass(frozen=True)
class Truth:
    """What a calibration draws.

    Attributes
    ----------
    n_panels : >= 1, panels to draw with each effect
    effect : of the exposure, outcome units per unit of exposure, in panels next to those without one; 0 for
        none but these
    """

    n_panels: int
    effect: float

    @property
    def effects(self) -> tuple[float, ...]:
        """The true effects of the exposure: none, and where there is one `effect`."""
        return (0.0, self.effect) if self.effect else (0.0,)


@dataclass(frozen=True, eq=False)
class CalibrationTables:
    """What a calibration found.

    Attributes
    ----------
    shares : columns of `CalibrationRow`, the share of the panels with each finding, with exact binomial
        limits of coverage `LEVEL`; of a pointwise band the mean share of the curve, with limits as if each
        panel counted once
    error_rates : columns of `harness.tables.findings.ERROR_RATES`, how often findings were made on panels
        without an effect, in which everything is linear and alike in all groups. A gain over the reference
        of the study counts where a protocol hides the tested entities; elsewhere knowing them is one
    features : what the panels without an effect kept of the data, see
        `harness.calibration.run.feature_table`
    """

    shares: pd.DataFrame
    error_rates: pd.DataFrame
    features: pd.DataFrame


def calibration_tables(
    plan: Plan, manifest: Manifest, truth: Truth, *, workers: Workers, on_done: Callable[[Findings], None]
) -> CalibrationTables:
    """Repeat a study on panels drawn from a linear truth.

    Parameters
    ----------
    plan : of the study, on the user's data; folds are the same for all panels
    manifest : of the study
    on_done : called as each panel is done
    """
    truths = {
        effect: {
            outcome: fit_linear_truth(plan.panels.panel(outcome), effect=effect)
            for outcome in plan.study.roles.outcomes
        }
        for effect in truth.effects
    }
    tasks = (
        DrawnStudy(plan, manifest, truths[effect], effect, number)
        for effect in truth.effects
        for number in range(1, truth.n_panels + 1)
    )
    panels = execute(tasks, workers=workers, on_done=on_done)
    found = pd.concat(
        [panel.table.assign(effect=panel.effect, panel=panel.label) for panel in panels], ignore_index=True
    )
    keys = ["effect", "outcome", "estimator", "protocol", "finding"]
    return CalibrationTables(
        shares=pd.DataFrame(_shares(found, keys), columns=list(columns_of(CalibrationRow))),
        error_rates=_error_rates(plan, found[found["effect"] == 0.0]),
        features=feature_table(
            {outcome: features(own.unexplained, own.parts.cells) for outcome, own in truths[0.0].items()},
            [panel.features for panel in panels if panel.effect == 0.0],
        ),
    )


def _error_rates(plan: Plan, found: pd.DataFrame) -> pd.DataFrame:
    """Return how often each kind of finding was made; `found` is of panels where none is there.

    Gains have a row for all estimators together as well, for a sentence that names those with one.
    """
    kinds = set(KINDS) if hides_entities(plan) else set(KINDS) - {VERDICT}
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


def hides_entities(plan: Plan) -> bool:
    """Return whether a protocol that keeps test rows apart tests entities that were never trained on."""
    knowing = TOUCHES_TEST_ROWS | {SAME_ENTITY.code}
    return any(
        knowing.isdisjoint(leak.code for leak in entry.protocol.leaks)
        for entry in plan.study.evaluation.protocols
    )


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


def exact_limits(n_found: int, n_panels: int) -> tuple[float, float]:
    """Return the limits of a share of coverage `LEVEL` or more (Clopper and Pearson 1934)."""
    from scipy.stats import binomtest

    limits = binomtest(n_found, n_panels).proportion_ci(LEVEL, method="exact")
    return float(limits.low), float(limits.high)


# Repetitions and steps of a fit, splits that are drawn again and again, points of curves and draws of bands.
# With as few draws, limits of level 0.95 are still within the draws.
CAPS: Most = {
    "repeats": 1,
    "folds": 2,
    "grid": 12,
    "draws": 40,
    "fold_draws": 5,
    "draw_restarts": 1,
    "sizes_around": 0,
    "restarts": 1,
    "map_starts": 1,
    "max_steps": 50,
    "patience": 15,
    "max_rounds": 50,
    "trees": 30,
    "draw_trees": 15,
}

# Draws of the intervals of gains.
GAIN_DRAWS = 300


def cheap_form(study: Study) -> Study:
    """Return the cheap form of a study that a calibration repeats.

    All estimators and protocols stay, and all rows and columns. Each takes its quick form, and options named
    in `CAPS` are held to what stands there. Only scenarios that find something are requested, by the table
    that a finding rests on; the multiverse is left out.
    """
    quick = as_quick(study)
    evaluation, found_in = quick.evaluation, {table.name for table in RULES}
    protocols = [
        one.model_copy(update={"protocol": capped(one.protocol, CAPS)}) for one in evaluation.protocols
    ]
    changed = {"protocols": tuple(protocols), "draws": min(evaluation.draws, GAIN_DRAWS)}
    estimators = [
        one.model_copy(update={"estimator": capped(one.estimator, CAPS)}) for one in quick.estimators
    ]
    scenarios = [
        one.model_copy(update={"scenario": capped(one.scenario, CAPS)})
        for one in quick.scenarios
        if any(table.name in found_in for table in one.scenario.tables)
    ]
    return quick.model_copy(
        update={
            "estimators": tuple(estimators),
            "scenarios": tuple(scenarios),
            "multiverse": None,
            "evaluation": evaluation.model_copy(update=changed),
        }
    )


def reductions(study: Study, form: Study) -> Iterator[Reduction]:
    """Yield every option of a study that is not in its cheap form as in the spec."""
    for was, now in zip(study.estimators, form.estimators, strict=True):
        yield from _differences(was.estimator, now.estimator, ("estimator", was.id))
    for old, new in zip(study.evaluation.protocols, form.evaluation.protocols, strict=True):
        yield from _differences(old.protocol, new.protocol, ("protocol", old.id))
    kept = {entry.id: entry.scenario for entry in form.scenarios}
    for entry in study.scenarios:
        if entry.id in kept:
            yield from _differences(entry.scenario, kept[entry.id], ("scenario", entry.id))
        else:
            yield Reduction("scenario", entry.id, "asked", "yes", "no")
    draws, fewer = study.evaluation.draws, form.evaluation.draws
    if draws != fewer:
        yield Reduction("evaluation", "", "draws", str(draws), str(fewer))
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


# Name of the table, and of the page.
CALIBRATION = "calibration"

# Name of the table of what was reduced.
FORM = "calibration_form"

# Name of the table of what drawn panels kept of the data.
FEATURES = "calibration_features"


def calibrate(options: RunOptions, truth: Truth, *, on_progress: Progress | None = None) -> Path:
    """Repeat a study on drawn panels, write tables and a page on them, and return the page's path.

    ``calibration.csv`` holds how often what was found, ``error_rates.csv`` how often what is not there,
    ``calibration_features.csv`` what the drawn panels kept of the data, ``calibration_form.csv`` what was
    reduced, and ``calibration.json`` of which study it all is.

    Raises
    ------
    SpecError, DataError, ArtifactError
        Before anything is fitted.
    """
    registry = installed(options.plugins)
    started, prepared = datetime.now(UTC), prepare(options, registry)
    form = cheap_form(prepared.plan.study)
    cut = tuple(reductions(prepared.plan.study, form))
    plan = make_plan(form, prepared.panels, registry.catalogs)
    folder = RunFolder.create(options.out or Path("runs") / f"{plan.study.study}-{CALIBRATION}")
    count = _counter(truth.n_panels * len(truth.effects), on_progress)
    record = calibration_record(prepared, versions(registry.brought_by))
    manifest = calibration_manifest(options, prepared, truth, started)
    keep = [file.path for file in prepared.table.files]
    with locked(folder.path), folder.replaced(keep=keep) as new:
        new.write_table(FORM, pd.DataFrame(map(vars, cut), columns=list(columns_of(Reduction))))
        tables = calibration_tables(plan, manifest, truth, workers=options.workers, on_done=count)
        new.write_table(CALIBRATION, tables.shares)
        new.write_table(ERROR_RATES.name, tables.error_rates)
        new.write_table(FEATURES, tables.features)
        found = Calibration(
            manifest=manifest,
            n_panels=truth.n_panels,
            effects=truth.effects,
            limits=LEVEL,
            rows=read_rows(tables.shares, CalibrationRow, table=CALIBRATION),
            features=read_rows(tables.features, FeatureRow, table=FEATURES),
            reductions=cut,
        )
        new.write_text(f"{CALIBRATION}.html", calibration_page(found, messages=registry.messages))
        new.write_text(CALIBRATION_RECORD, record_text(record))
    return folder.path / f"{CALIBRATION}.html"


def _counter(n_panels: int, on_progress: Progress | None) -> Callable[[Findings], None]:
    """Tell that nothing is done yet, and return what tells of each panel that is."""
    done = 0
    tell = on_progress or (lambda _done, _total, _now: None)
    tell(done, n_panels, "the first panels")

    def count(findings: Findings) -> None:
        nonlocal done
        done += 1
        tell(done, n_panels, f"those after {findings.label}")

    return count


def calibration_manifest(
    options: RunOptions, prepared: Prepared, truth: Truth, started: datetime
) -> Manifest:
    """Return what the page says of the study that was repeated, but for the time that it took."""
    spec = options.spec_path(Path())
    words = ["harness", "calibrate", spec.as_posix(), "--panels", str(truth.n_panels)]
    used = Surroundings(installed_code(), versions(installed(options.plugins).brought_by))
    manifest = manifest_of(options, prepared, used, folder=Path(), started=started, seconds=0.0)
    return replace(manifest, command=shlex.join([*words, "--effect", f"{truth.effect:g}"]))
