"""Measure what a draw of a bootstrapped network costs a study, beside scikit-learn on the same cores.

Run in a checkout, on a quiet machine, as ``OMP_NUM_THREADS=1 python tests/bench/draws.py [FEW MANY]``.
It gives seconds of a draw, wall clock, as the difference of two studies that differ in their draws alone,
with one and with two workers, and the same of scikit-learn's MLPRegressor under joblib, errors apart.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.neural_network import MLPRegressor

from harness import Floats, Ints, open_run, run

N_ENTITIES, N_PERIODS, N_INPUTS, N_UNITS = 273, 9, 27, 8
N_STEPS = 200


def make_frame() -> pd.DataFrame:
    """Return a panel of 2,457 rows whose outcome bends and interacts."""
    rng = np.random.default_rng(0)
    entity, period = (axis.ravel() for axis in np.indices((N_ENTITIES, N_PERIODS)))
    X = rng.normal(size=(N_ENTITIES, N_INPUTS))[entity] + 0.5 * rng.normal(size=(entity.size, N_INPUTS))
    outcome = np.sin(X[:, 0]) + X[:, 0] * X[:, 1] + X[:, 2] + 0.5 * rng.normal(size=entity.size)
    columns = {f"x{at}": X[:, at] for at in range(N_INPUTS)}
    return pd.DataFrame({"entity": entity, "period": 2000 + period, "outcome": outcome, **columns})


def spec(n_draws: int) -> dict[str, object]:
    """Return a study of one ensemble, its curve included."""
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
            "controls": [f"x{at}" for at in range(1, N_INPUTS)],
        },
        "estimators": [
            {"id": "ols", "use": "pooled_ols"},
            {"id": "rab", "use": "rab", "draws": n_draws, "base": {"use": "mlp", "hidden": N_UNITS}},
        ],
        "evaluation": {"reference": "ols", "protocols": ["in_sample"], "draws": 20},
        "scenarios": [{"use": "curve", "draws": 20}],
        "report": {"formats": []},
    }


def study_seconds(frame: pd.DataFrame, n_draws: int, jobs: int, out: Path) -> float:
    """Return the wall seconds of a study in a folder of its own."""
    start = perf_counter()
    run(spec(n_draws), data=frame, out=out, jobs=jobs, progress=False)
    return perf_counter() - start


def _draw(X: Floats, outcome: Floats, entity: Ints, seed: int) -> Floats:
    """Return the predictions of one network on resampled entities."""
    rng = np.random.default_rng(seed)
    known = np.unique(entity)
    drawn = rng.choice(known, known.size)
    rows = np.concatenate([np.flatnonzero(entity == code) for code in drawn])
    network = MLPRegressor(
        hidden_layer_sizes=(N_UNITS,),
        activation="tanh",
        solver="lbfgs",
        max_iter=N_STEPS,
        random_state=seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that it has not converged
        return np.asarray(network.fit(X[rows], outcome[rows]).predict(X))


def sklearn_seconds(frame: pd.DataFrame, n_draws: int) -> float:
    """Return the wall seconds of scikit-learn's draws on two processes."""
    X = frame[[f"x{at}" for at in range(N_INPUTS)]].to_numpy()
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    outcome, entity = frame["outcome"].to_numpy(), frame["entity"].to_numpy()
    start = perf_counter()
    Parallel(n_jobs=2)(delayed(_draw)(X, outcome, entity, seed) for seed in range(n_draws))
    return perf_counter() - start


def main() -> None:
    """Measure and print."""
    few, many = map(int, sys.argv[1:] or (100, 500))
    frame = make_frame()
    with tempfile.TemporaryDirectory() as folder:
        each, whole, curves = {}, {}, {}
        for jobs in (1, 2):
            seconds = {n: study_seconds(frame, n, jobs, Path(folder) / f"{n}-{jobs}") for n in (few, many)}
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


if __name__ == "__main__":
    main()
