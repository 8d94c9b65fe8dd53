"""How often the interval of the recognised share holds it: ``python benchmarks/recognition_rates.py``.

A line and a parabola that knows levels of entities it was trained on predict panels of eight periods, under
random rows and for entities held out. The truth is the share of mean gains over all panels of a row. The
interval of the harness rests on the jackknife over entities; next to it stands the one that has linear errors
instead. Five minutes on one core.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from functools import partial

import numpy as np
import pandas as pd

from harness.arrays import Floats
from harness.evaluation.gain import ScoredGain, ratio_limits, recognition_share
from measured import Measured, counted, share_with_limits

N_PERIODS, LEVEL = 8, 0.95

# Test rows over training rows of a fold.
TEST_TO_TRAIN = {"rows": 1 / 9, "entities": 1 / 4}

# Spread of levels, bend and degrees of freedom of the errors, by entities.
CASES: Mapping[tuple[str, int], tuple[float, float, float]] = {
    ("levels alone", 30): (1.0, 0.0, np.inf),
    ("levels alone", 60): (1.0, 0.0, np.inf),
    ("levels alone, t errors with 3 degrees of freedom", 60): (1.0, 0.0, 3.0),
    ("a bend alone", 30): (0.0, 0.5, np.inf),
    ("a bend alone", 60): (0.0, 0.5, np.inf),
    ("a bend alone", 120): (0.0, 0.5, np.inf),
    ("levels and a bend", 30): (0.5, 0.5, np.inf),
    ("levels and a bend", 60): (0.5, 0.5, np.inf),
    ("levels and a bend, t errors", 120): (0.5, 0.5, 3.0),
    ("weak levels and bend, t errors", 60): (0.3, 0.3, 3.0),
}

TABLE = Measured(
    "recognition_rates.csv",
    ("panels", "entities", "share", "gain large enough for a share, %", "covered, %", "by linear errors, %"),
)


def predictions(
    n_entities: int, *, level_sd: float, bend: float, seed: int, df: float = np.inf
) -> pd.DataFrame:
    """Return predictions of a line and of a parabola that knows levels of entities trained on.

    Parameters
    ----------
    df : degrees of freedom of the errors, whose variance is one
    """
    rng = np.random.default_rng(seed)
    shape = (n_entities, N_PERIODS)
    x = rng.normal(size=(n_entities, 1)) + rng.normal(size=shape)
    levels = level_sd * rng.normal(size=(n_entities, 1))
    errors = (
        rng.normal(size=shape) if np.isinf(df) else rng.standard_t(df, size=shape) / np.sqrt(df / (df - 2))
    )
    y = bend * x**2 + levels + errors
    rows, groups = rng.permutation(x.size).reshape(shape) % 10, rng.permutation(n_entities) % 5
    tests = [("rows", rows == part) for part in range(3)]
    tests += [("entities", np.broadcast_to((groups == part)[:, None], shape)) for part in range(5)]
    entity = np.broadcast_to(np.arange(n_entities)[:, None], shape)
    parts = []
    for protocol, test in tests:
        for estimator, degree in (("ols", 1), ("rival", 2)):
            powers = np.stack([x**power for power in range(degree + 1)], axis=-1)
            fitted = powers @ np.linalg.lstsq(powers[~test], y[~test])[0]
            if degree == 2 and level_sd > 0:
                known = (~test).sum(axis=1)
                fitted += (np.where(test, 0.0, y - fitted).sum(axis=1) / (known + level_sd**-2))[:, None]
            columns = {"observed": y[test], "predicted": fitted[test], "entity": entity[test]}
            parts.append(pd.DataFrame(columns).assign(protocol=protocol, estimator=estimator))
    return pd.concat(parts, ignore_index=True).assign(outcome="y", sample="test")


def linear(loss: Floats, reference: Floats, *, test_to_train: float) -> ScoredGain:
    """Return a gain with its linearised scores."""
    ratio = loss.sum() / reference.sum()
    scores = (ratio * reference - loss) / reference.sum()
    return ScoredGain(float(1.0 - ratio), scores * np.sqrt(1.0 + test_to_train))


def shares(case: tuple[str, int], number: int) -> dict[str, float]:
    """Return both gains of a panel, and the limits of the share by either way; NaN where there is none."""
    level_sd, bend, df = CASES[case]
    frame = predictions(case[1], level_sd=level_sd, bend=bend, seed=1_000 + number, df=df)
    squares = (frame["observed"] - frame["predicted"]).to_numpy(np.float64) ** 2
    entity, sums = frame["entity"].to_numpy(), {}
    for key, index in frame.groupby(["protocol", "estimator"]).indices.items():
        sums[key] = np.bincount(entity[index], squares[index], minlength=case[1]).astype(np.float64)
    row: dict[str, float] = {}
    for name, scored in {"jackknife": ScoredGain.of, "linear": linear}.items():
        known, new = (
            scored(sums[protocol, "rival"], sums[protocol, "ols"], test_to_train=share)
            for protocol, share in TEST_TO_TRAIN.items()
        )
        limits = recognition_share(known, new, level=LEVEL) or (np.nan,) * 3
        row |= {"known": known.gain, "new": new.gain, f"{name}_low": limits[1], f"{name}_high": limits[2]}
    return row


CODE = (CASES, predictions, linear, shares, ScoredGain, recognition_share, ratio_limits)


def rows(n_panels: int) -> Iterator[tuple[object, ...]]:
    """Yield the rows of the table."""
    for number, case in enumerate(CASES):
        panels = counted(f"recognition_{number}", partial(shares, case), n_panels, CODE)
        truth = 1.0 - panels["new"].mean() / panels["known"].mean()
        yield (
            *case,
            f"{truth:.2f}".replace("-", "−"),
            f"{100 * panels['jackknife_low'].notna().mean():.0f}",
            *(covered(panels, name, truth) for name in ("jackknife", "linear")),
        )


def covered(panels: pd.DataFrame, name: str, truth: float) -> str:
    """Return how often limits hold the truth where there are some."""
    low, high = panels[[f"{name}_low", f"{name}_high"]].dropna().to_numpy().T
    return share_with_limits(int(((low <= truth) & (truth <= high)).sum()), low.size)


def main() -> None:
    """Count what is missing, and write the table of the docs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--panels", type=int, default=2000, help="of each row")
    TABLE.save(rows(parser.parse_args().panels), "benchmarks/recognition_rates.py", CODE)


if __name__ == "__main__":
    main()
