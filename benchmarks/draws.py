"""Measure what a draw of a bootstrapped network costs a study, beside scikit-learn on the same cores.

Run in a checkout, on a quiet machine, as ``OMP_NUM_THREADS=1 python benchmarks/draws.py [OPTIMISER
PRECISION [FEW MANY]]``. It gives seconds of a draw, wall clock, as the difference of two studies that differ
in their draws alone, with one and with two workers, and the same of scikit-learn's MLPRegressor under
joblib; before that, processor time of one draw of each on one core, and the mean squared errors of both
ensembles on entities that none has seen. ``network_draws.csv`` has a row for each optimiser and precision.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from pydantic import TypeAdapter
from sklearn.neural_network import MLPRegressor

from harness import open_run, panel_from_frame, run
from harness.plugin import Floats, Ints, random_stream
from harness_neural.mlp import Mlp
from harness_neural.names import OptimiserName, Precision
from harness_rab.rab import Rab

N_ENTITIES, N_PERIODS, N_INPUTS, N_UNITS = 273, 9, 27, 8
N_STEPS = 200
INPUTS = [f"x{at}" for at in range(N_INPUTS)]


def make_frame(seed: int = 0) -> pd.DataFrame:
    """Return a panel of 2,457 rows whose outcome bends and interacts; other seeds are of other entities."""
    rng = np.random.default_rng(seed)
    entity, period = (axis.ravel() for axis in np.indices((N_ENTITIES, N_PERIODS)))
    X = rng.normal(size=(N_ENTITIES, N_INPUTS))[entity] + 0.5 * rng.normal(size=(entity.size, N_INPUTS))
    outcome = np.sin(X[:, 0]) + X[:, 0] * X[:, 1] + X[:, 2] + 0.5 * rng.normal(size=entity.size)
    columns = {f"x{at}": X[:, at] for at in range(N_INPUTS)}
    return pd.DataFrame({"entity": entity, "period": 2000 + period, "outcome": outcome, **columns})


def spec(n_draws: int, base: Mlp) -> dict[str, object]:
    """Return a study of one ensemble, its curve included."""
    options = {"hidden": base.hidden, "optimiser": base.optimiser, "precision": base.precision}
    return {
        "spec_version": 1,
        "study": "draws",
        "title": "Draws",
        "data": {},
        "seed": 1,
        "roles": {
            "entity": "entity",
            "time": "period",
            "outcomes": ["outcome"],
            "exposure": "x0",
            "controls": INPUTS[1:],
        },
        "estimators": [
            {"id": "ols", "use": "pooled_ols"},
            {"id": "rab", "use": "rab", "draws": n_draws, "base": {"use": "mlp", **options}},
        ],
        "evaluation": {"reference": "ols", "protocols": ["in_sample"]},
        "scenarios": [{"use": "curve", "draws": 20}],
        "report": {"formats": []},
    }


def study_seconds(frame: pd.DataFrame, n_draws: int, base: Mlp, *, jobs: int, out: Path) -> float:
    """Return the wall seconds of a study in a folder of its own."""
    start = perf_counter()
    run(spec(n_draws, base), data=frame, out=out, jobs=jobs, progress=False)
    return perf_counter() - start


def errors_and_seconds(n_draws: int, base: Mlp) -> tuple[Race, Race]:
    """Return what an ensemble of ours and one of scikit-learn's come to on entities that none has seen."""
    frame, fresh = make_frame(), make_frame(seed=1)
    keys = {"entity": "entity", "time": "period", "outcome": "outcome", "exposure": "x0"}
    panel, unseen = (panel_from_frame(one, **keys, controls=INPUTS[1:]) for one in (frame, fresh))
    ensemble = Rab(base=base, draws=n_draws)
    start = process_time()
    predicted = ensemble.fit(panel, rng=random_stream(1, "draws")).predict(unseen)
    ours = Race(process_time() - start, float(np.square(predicted - unseen.observed).mean()))
    X, outcome, entity = _arrays(frame)
    others = (fresh[INPUTS].to_numpy() - frame[INPUTS].mean().to_numpy()) / frame[INPUTS].std(
        ddof=0
    ).to_numpy()
    start = process_time()
    drawn = [_network(X, outcome, entity, seed).predict(others) for seed in range(n_draws)]
    seconds = process_time() - start
    theirs = float(np.square(np.mean(drawn, axis=0) - fresh["outcome"].to_numpy()).mean())
    return ours, Race(seconds, theirs)


@dataclass(frozen=True)
class Race:
    """An ensemble: processor seconds of its training, and its mean squared error on fresh entities."""

    seconds: float
    error: float


def _arrays(frame: pd.DataFrame) -> tuple[Floats, Floats, Ints]:
    X = frame[INPUTS].to_numpy()
    return (X - X.mean(axis=0)) / X.std(axis=0), frame["outcome"].to_numpy(), frame["entity"].to_numpy()


def _draw(X: Floats, outcome: Floats, entity: Ints, seed: int) -> Floats:
    return np.asarray(_network(X, outcome, entity, seed).predict(X))


def _network(X: Floats, outcome: Floats, entity: Ints, seed: int) -> MLPRegressor:
    """Return scikit-learn's network on resampled entities."""
    rng = np.random.default_rng(seed)
    known = np.unique(entity)
    drawn = rng.choice(known, known.size)
    rows = np.concatenate([np.flatnonzero(entity == code) for code in drawn])
    network = MLPRegressor(
        hidden_layer_sizes=(N_UNITS,), activation="tanh", solver="lbfgs", max_iter=N_STEPS, random_state=seed
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that it has not converged
        return network.fit(X[rows], outcome[rows])


def sklearn_seconds(frame: pd.DataFrame, n_draws: int) -> float:
    """Return the wall seconds of scikit-learn's draws on two processes."""
    X, outcome, entity = _arrays(frame)
    start = perf_counter()
    Parallel(n_jobs=2)(delayed(_draw)(X, outcome, entity, seed) for seed in range(n_draws))
    return perf_counter() - start


def race_in_studies(few: int, many: int, base: Mlp) -> None:
    """Print wall seconds of draws, beside scikit-learn's."""
    frame = make_frame()
    with tempfile.TemporaryDirectory() as folder:
        each, whole, curves = {}, {}, {}
        for jobs in (1, 2):
            seconds = {
                n: study_seconds(frame, n, base, jobs=jobs, out=Path(folder) / f"{n}-{jobs}")
                for n in (few, many)
            }
            each[jobs], whole[jobs] = (seconds[many] - seconds[few]) / (many - few), seconds[many]
            curves[jobs] = open_run(Path(folder) / f"{many}-{jobs}").table("curves")
    rival = {n: sklearn_seconds(frame, n) for n in (few, many)}
    sklearn_each = (rival[many] - rival[few]) / (many - few)
    lines = (
        f"a draw with its curve: one worker {1e3 * each[1]:.1f} ms, two {1e3 * each[2]:.1f} ms",
        f"a draw of scikit-learn, two processes: {1e3 * sklearn_each:.1f} ms",
        f"scikit-learn takes {sklearn_each / each[2]:.2f} times as long",
        f"a study of {many} draws: two workers are {whole[1] / whole[2]:.2f} times as fast as one",
        f"the curves of one and two are equal to the last digit: {curves[1].equals(curves[2])}",
    )
    print(*lines, sep="\n")


def race_on_one_core(few: int, many: int, base: Mlp) -> None:
    """Print processor time and errors of ensembles, beside scikit-learn's."""
    errors_and_seconds(2, base)  # imports, and what libraries set up once
    first, second = errors_and_seconds(few, base), errors_and_seconds(many, base)
    ours, theirs = ((b.seconds - a.seconds) / (many - few) for a, b in zip(first, second, strict=True))
    lines = (
        f"processor time of a draw: {1e3 * ours:.1f} ms, scikit-learn {1e3 * theirs:.1f} ms, "
        f"{theirs / ours:.2f} times as long",
        f"squared error on fresh entities of {many} draws: {second[0].error:.3f}, "
        f"scikit-learn {second[1].error:.3f}",
    )
    print(*lines, sep="\n", flush=True)


def main() -> None:
    """Measure and print."""
    optimiser, precision, *numbers = sys.argv[1:] or ("lbfgs", "float64")
    base = Mlp(
        hidden=N_UNITS,
        optimiser=TypeAdapter(OptimiserName).validate_python(optimiser),
        precision=TypeAdapter(Precision).validate_python(precision),
    )
    few, many = map(int, numbers or (100, 500))
    race_on_one_core(few, many, base)
    race_in_studies(few, many, base)


if __name__ == "__main__":
    main()
