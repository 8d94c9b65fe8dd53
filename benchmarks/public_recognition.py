"""What recognition is worth on the public panels: ``python benchmarks/public_recognition.py``.

Some estimators of ``suites/public_panels.yaml`` predict random rows and entities held out, with ``--quick``;
the table has the median over panels of the share of the gain over pooled OLS that is gone for the latter. One
minute on one core; a run that was cut off is resumed.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from ruamel.yaml import YAML

from harness.text.numbers import fixed, interval
from measured import ROOT, Measured

SUITE = ROOT / "suites" / "public_panels.yaml"
ESTIMATORS = ("ols", "two_way", "mundlak", "splines", "boosting", "mlp")

TABLE = Measured(
    "public_recognition.csv", ("estimator", "panels with a gain", "median share, %", "95 % interval")
)


def written(folder: Path) -> Path:
    """Return the suite of these estimators and two protocols, written into a folder."""
    yaml = YAML()
    suite = yaml.load(SUITE.read_text(encoding="utf-8"))
    suite["estimators"] = [one for one in suite["estimators"] if one["id"] in ESTIMATORS]
    suite["simple"] = [one for one in suite["simple"] if one in ESTIMATORS]
    suite["protocols"] = ["random_rows", "held_out_entities"]
    suite["studies"] = [{"spec": str(SUITE.parent / one["spec"])} for one in suite["studies"]]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "suite.yaml"
    yaml.dump(suite, path)
    return path


def rows(run: Path) -> Iterator[tuple[object, ...]]:
    """Yield the rows of the table, given the folder of a suite's run."""
    labels = pd.read_csv(run / "suite_budgets.csv").set_index("estimator")["label"]
    for row in pd.read_csv(run / "suite_recognition.csv").to_dict("records"):
        limits = interval(100 * row["conf_low"], 100 * row["conf_high"], 0)
        yield labels[row["estimator"]], row["n_panels"], fixed(100 * row["share"], 0), limits


def main() -> None:
    """Run the suite and write the table of the docs."""
    folder = ROOT / "build" / "measured" / "public_recognition"
    run = folder / "run"
    words = ["suite", "run", str(written(folder)), "--quick", "--jobs", "1", "--out", str(run)]
    words += ["--resume"] if run.exists() else []
    subprocess.run([sys.executable, "-m", "harness.cli", *words], check=True)
    TABLE.save(rows(run), "benchmarks/public_recognition.py", CODE)


CODE = (ESTIMATORS, written, rows)


if __name__ == "__main__":
    main()
