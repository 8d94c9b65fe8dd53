"""Judge estimators of any package on panels whose true effect is known, and write a table of what was found.

Run in a checkout as ``python benchmarks/known_truth.py --panels 200 --environments ENVS --out DIR``: for each
package of ``suites/known_truth.yaml`` the folder ENVS has or gets a virtual environment of its own, in which
``examples/known_truth/PACKAGE_.py`` answers in a process of its own; R has the packages of its library, and
``PACKAGE.R``. What DIR has already is not done again.
``--table docs/measured/known_truth.csv`` stores all answers next to the suites, and writes the table of
``docs/measured/known_truth.md`` from them.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import subprocess
import sys
import venv
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.random import Generator
from rich.progress import track
from ruamel.yaml import YAML
from scipy.stats import binomtest

from harness.plugin import random_stream

ROOT = Path(__file__).parents[1]
SUITE = ROOT / "suites" / "known_truth.yaml"
ADAPTERS = ROOT / "examples" / "known_truth"
STORED = ROOT / "suites" / "reference" / "known_truth.csv.gz"
KEYS = ("family", "package", "estimator")
HEAD = (*KEYS, "bias", "RMSE", "95 % held", "limits", "size", "power", "refused", "s")

# Share of a panel's variation over time that the period before explains, of errors and of most columns.
PERSISTENCE = 0.5

Columns = Mapping[str, Any]


@dataclass(frozen=True)
class Simulated:
    """A panel, rows by unit and period, and its true effect."""

    columns: Columns
    truth: float


def course(rng: Generator, shape: tuple[int, int], persistence: float = PERSISTENCE) -> np.ndarray:
    """Return stationary autoregressions of variance one, (n_units, n_periods)."""
    values = rng.normal(size=shape)
    for period in range(1, shape[1]):
        values[:, period] = (
            persistence * values[:, period - 1] + np.sqrt(1 - persistence**2) * values[:, period]
        )
    return values


def levels(rng: Generator, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return what is constant in units and in periods, (n_units, 1) and (n_periods,)."""
    return rng.normal(size=(shape[0], 1)), rng.normal(size=shape[1])


def constant(rng: Generator, effect: float, shape: tuple[int, int] = (60, 8)) -> Simulated:
    """One effect for all, a linear confounder, errors that last."""
    unit, period = levels(rng, shape)
    control = course(rng, shape)
    exposure = 0.5 * unit + 0.5 * control + course(rng, shape)
    outcome = effect * exposure + control + unit + period + course(rng, shape)
    return Simulated({"y": outcome, "x": exposure, "c": control}, effect)


def varying(rng: Generator, effect: float, shape: tuple[int, int] = (60, 8)) -> Simulated:
    """Effects that differ between units; the truth is their mean."""
    unit, period = levels(rng, shape)
    control, own = course(rng, shape), effect * (1.0 + 0.6 * rng.normal(size=(shape[0], 1)))
    exposure = 0.5 * unit + 0.5 * control + course(rng, shape)
    outcome = own * exposure + control + unit + period + course(rng, shape)
    return Simulated({"y": outcome, "x": exposure, "c": control}, effect)


def staggered(rng: Generator, effect: float, shape: tuple[int, int] = (90, 8)) -> Simulated:
    """Two cohorts with effects that differ and grow; the truth is the mean over treated rows."""
    unit, period = levels(rng, shape)
    start = np.repeat([3, 6, 0], shape[0] // 3)[:, None]
    since = np.arange(1, shape[1] + 1) - start
    treated = (start > 0) & (since >= 0)
    own = effect * np.where(start == 3, 1.5, 0.5) * (1.0 + 0.3 * since) * treated
    outcome = own + 0.5 * start + unit + period + course(rng, shape)
    columns = {"y": outcome, "x": treated.astype(float), "c": course(rng, shape)}
    return Simulated({**columns, "start": np.broadcast_to(start, shape)}, float(own[treated].mean()))


def dynamic(rng: Generator, effect: float, shape: tuple[int, int] = (100, 7), burn: int = 20) -> Simulated:
    """An outcome that depends on its last value, and an exposure that depends on the last error."""
    unit = rng.normal(size=shape[0])
    outcome = exposure = error = np.zeros(shape[0])
    kept = []
    for _ in range(burn + shape[1]):
        exposure = 0.5 * exposure + 0.3 * unit + 0.3 * error + rng.normal(size=shape[0])
        error = rng.normal(size=shape[0])
        outcome = 0.5 * outcome + effect * exposure + unit + error
        kept.append((outcome, exposure))
    y, x = np.array(kept[burn:]).transpose(1, 2, 0)
    return Simulated({"y": y, "x": x, "c": rng.normal(size=shape)}, effect)


def spatial(rng: Generator, effect: float, shape: tuple[int, int] = (80, 8)) -> Simulated:
    """A spatial Durbin panel, rho .4, five neighbours; the truth is the mean direct impact."""
    unit, period = levels(rng, shape)
    place = rng.uniform(-1.0, 1.0, size=(shape[0], 2))
    distance = np.linalg.norm(place[:, None] - place, axis=2)
    np.fill_diagonal(distance, np.inf)
    weights = np.zeros((shape[0], shape[0]))
    np.put_along_axis(weights, np.argsort(distance, axis=1)[:, :5], 0.2, axis=1)
    exposure = 0.5 * unit + course(rng, shape)
    multiplier = np.linalg.inv(np.eye(shape[0]) - 0.4 * weights)
    own = effect * np.eye(shape[0]) + 0.5 * effect * weights
    outcome = multiplier @ (own @ exposure + unit + period + rng.normal(size=shape))
    latitude, longitude = (np.broadcast_to(one[:, None], shape) for one in place.T)
    columns = {"y": outcome, "x": exposure, "c": rng.normal(size=shape)}
    truth = float(np.diag(multiplier @ own).mean())
    return Simulated({**columns, "latitude": latitude, "longitude": longitude}, truth)


def nonlinear(rng: Generator, effect: float, shape: tuple[int, int] = (100, 8)) -> Simulated:
    """A confounder that is not linear, errors with persistence .8."""
    unit, period = levels(rng, shape)
    control = course(rng, shape, 0.8)
    confounder = np.sin(1.5 * control) + 0.5 * control**2
    exposure = confounder + 0.5 * unit + course(rng, shape, 0.8)
    outcome = effect * exposure + confounder + unit + period + course(rng, shape, 0.8)
    return Simulated({"y": outcome, "x": exposure, "c": control}, effect)


FAMILIES = {one.__name__: one for one in (constant, varying, staggered, dynamic, spatial, nonlinear)}


def frame_of(simulated: Simulated) -> pd.DataFrame:
    """Return a row for each unit and period."""
    n_units, n_periods = np.shape(simulated.columns["y"])
    unit, time = (at.ravel() + 1 for at in np.indices((n_units, n_periods)))
    values = {name: np.asarray(own, dtype=float).ravel() for name, own in simulated.columns.items()}
    return pd.DataFrame({"unit": unit, "time": time, **values})


@dataclass(frozen=True)
class Answer:
    """What one estimator says of one panel."""

    family: str
    panel: int
    effect: float
    truth: float
    package: str
    version: str
    estimator: str
    estimate: float = float("nan")
    std_error: float = float("nan")
    conf_low: float = float("nan")
    conf_high: float = float("nan")
    seconds: float = float("nan")
    reason: str = ""


def interpreter(package: str, requirements: list[str], environments: Path) -> str:
    """Return the Python of a package: of an environment that is made for it, or ours if it needs nothing."""
    if not requirements:
        return sys.executable
    folder = environments / package
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *requirements], check=True)
    return str(python)


def answers(package: str, python: str, asked: list[tuple[str, int, float]], folder: Path) -> Iterator[Answer]:
    """Yield what the estimators of a package say of every panel that is asked."""
    script = ADAPTERS / f"{package}.R"
    command = ["Rscript", str(script)] if script.exists() else [python, str(ADAPTERS / "serve.py"), package]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for family, panel, effect in asked:
            simulated = FAMILIES[family](random_stream(panel, "known truth", family), effect)
            path = folder / f"{package}.csv"
            frame_of(simulated).to_csv(path, index=False)
            process.stdin.write(json.dumps({"family": family, "file": str(path)}) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
            if not line:
                raise RuntimeError(f"{package} ended without an answer to {family} {panel}")
            for own in json.loads(line):
                yield Answer(family, panel, effect, simulated.truth, package, **own)


def summary(rows: pd.DataFrame) -> Iterator[dict[str, object]]:
    """Yield a row for each estimator and family: bias, coverage, size and power, refusals, seconds."""
    for (family, package, estimator), own in rows.groupby(["family", "package", "estimator"], sort=False):
        done = own[own["estimate"].notna() & own["std_error"].notna()]
        there, absent = (done[(done["effect"] != 0.0) == is_there] for is_there in (True, False))
        held = (there["conf_low"] <= there["truth"]) & (there["truth"] <= there["conf_high"])
        found = [(one["conf_low"] > 0.0) | (one["conf_high"] < 0.0) for one in (absent, there)]
        limits = binomtest(int(held.sum()), max(len(held), 1)).proportion_ci(0.95, "exact")
        yield {
            "family": family,
            "package": f"{package} {own['version'].iloc[0]}",
            "estimator": estimator,
            "panels": len(there),
            "bias": float((there["estimate"] - there["truth"]).mean()),
            "rmse": float(np.sqrt(((there["estimate"] - there["truth"]) ** 2).mean())),
            "coverage": float(held.mean()),
            "coverage_limits": f"{limits.low:.2f} to {limits.high:.2f}",
            "size": float(found[0].mean()),
            "power": float(found[1].mean()),
            "refused": int(len(own) - len(done)),
            "seconds": float(done["seconds"].min()),  # of a machine with other work, too
        }


def shown_rows(answered: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    """Yield the rows of the table that the page shows, as they are shown."""
    summarised = pd.DataFrame(summary(answered)).sort_values(
        "family", key=lambda names: names.map(list(FAMILIES).index), kind="stable"
    )
    for row in summarised.to_dict("records"):
        numbers = [f"{row[name]:.3f}" for name in ("bias", "rmse")]
        held = (f"{row['coverage']:.2f}", row["coverage_limits"])
        found = [f"{row[name]:.2f}" for name in ("size", "power")]
        ends = (str(row["refused"]), f"{row['seconds']:.2f}")
        yield (*(row[key] for key in KEYS), *numbers, *held, *found, *ends)


def main() -> None:
    """Ask every package, and write what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--panels", type=int, default=200, help="of each family, half of them without an effect"
    )
    parser.add_argument("--environments", type=Path, default=Path("environments"))
    parser.add_argument("--out", type=Path, default=Path("known_truth"))
    parser.add_argument("--packages", nargs="*", help="all of the suite where none is named")
    parser.add_argument("--table", type=Path)
    options = parser.parse_args()
    suite = YAML(typ="safe").load(SUITE)
    options.out.mkdir(parents=True, exist_ok=True)
    for package, own in suite["packages"].items():
        if options.packages and package not in options.packages:
            continue
        file = options.out / f"{package}.answers.csv"
        known = pd.read_csv(file, usecols=["family", "panel", "effect"]) if file.exists() else pd.DataFrame()
        seen = set(known.drop_duplicates().itertuples(index=False, name=None))
        asked = [
            (family, panel, effect)
            for panel in range(1, options.panels // 2 + 1)
            for family in own["families"]
            for effect in (float(suite["effects"][family]), 0.0)
            if (family, panel, effect) not in seen
        ]
        if not asked:
            continue
        python = interpreter(package, own.get("requires", []), options.environments)
        with file.open("a", newline="", encoding="utf-8") as opened:
            writer = csv.DictWriter(opened, fieldnames=list(Answer.__dataclass_fields__))
            if not seen:
                writer.writeheader()
            per_panel = max(1, len(own["families"]))
            found = answers(package, python, asked, options.out)
            for answer in track(found, description=package, total=len(asked) * per_panel):
                writer.writerow(asdict(answer))
                opened.flush()
    files = [options.out / f"{package}.answers.csv" for package in suite["packages"]]
    rows = pd.concat([pd.read_csv(file, keep_default_na=True) for file in files if file.exists()])
    rows = rows[rows["panel"] <= options.panels // 2]
    print(pd.DataFrame(summary(rows)).to_string(index=False))
    if options.table:
        text = rows.to_csv(index=False, float_format="%.6g", lineterminator="\n").encode()
        STORED.write_bytes(gzip.compress(text, mtime=0))
        with options.table.open("w", encoding="utf-8", newline="") as opened:
            csv.writer(opened, lineterminator="\n").writerows([HEAD, *shown_rows(pd.read_csv(STORED))])


if __name__ == "__main__":
    main()
