"""Answers for the estimators of one package, in the environment that the package is installed in.

``python serve.py PACKAGE`` reads a line for each panel, JSON with the family and a csv file, and writes one
of JSON with what each estimator says. ``PACKAGE_.py`` next to this file has a dictionary ``ESTIMATORS``: by
name, the families that an estimator is for, and a function of the panel that returns estimate, standard error
and the limits of a 95 % interval.
"""

import contextlib
import importlib
import io
import json
import math
import sys
import time
import warnings
from importlib.metadata import version

import pandas as pd


def answer(function, frame):
    """Return the numbers of one estimator, or why there are none."""
    start = time.perf_counter()
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            numbers = [float(number) for number in function(frame.copy())]
    except Exception as error:  # noqa: BLE001 - what a package does not do is a row with its words
        return {"reason": f"{type(error).__name__}: {error}"[:300]}
    if not all(map(math.isfinite, numbers)):
        return {"reason": "not finite"}
    names = ("estimate", "std_error", "conf_low", "conf_high")
    return dict(zip(names, numbers, strict=True), seconds=round(time.perf_counter() - start, 4))


def main():
    """Answer until there are no more lines."""
    warnings.simplefilter("ignore")
    package = sys.argv[1]
    estimators = importlib.import_module(f"{package}_").ESTIMATORS
    for line in sys.stdin:
        asked = json.loads(line)
        frame = pd.read_csv(asked["file"])
        said = {
            name: answer(function, frame)
            for name, (families, function) in estimators.items()
            if asked["family"] in families
        }
        release = version({"harness": "panel-harness", "diff_diff": "diff-diff"}.get(package, package))
        rows = [{"estimator": name, "version": release, **own} for name, own in said.items()]
        sys.stdout.write(json.dumps(rows) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
