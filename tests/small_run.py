"""One small study that several tests look at: ten corporations, two estimators, values of a script."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from subprocess import Popen

from ruamel.yaml import YAML

import harness
from harness.audit.verification import verify
from harness.installed import installed
from harness.running.files import CHECKPOINTS, MANIFEST, MANIFEST_SUM, sum_line
from harness.running.folder import RunFolder

KEYS = {"entity": "firm", "time": "year"}
ROLES = {**KEYS, "outcomes": ["invest"], "exposure": "value", "controls": ["capital"]}

# A study with every table that is recomputed.
STUDIES = Path(__file__).with_name("studies")
SPEC = YAML(typ="safe").load(STUDIES / "small_study.yaml")

# Changes that leave the least of it.
TINY = (
    "scenarios=[]",
    "evaluation.protocols=[in_sample]",
    "report.formats=[]",
    "multiverse=null",
    "claims=[]",
)

# A study as a client of a server writes it, next to `rows.csv`.
WRITTEN = """\
spec_version: 1
study: small
data: {path: rows.csv}
roles: {entity: firm, time: year, outcomes: [invest], exposure: value, controls: [capital]}
estimators: [pooled_ols]
evaluation: {protocols: [in_sample]}
report: {formats: []}
"""

# The least study, and changes that give other numbers in nearly every table.
LEAST = {
    **{key: SPEC[key] for key in ("spec_version", "study", "title", "seed", "roles")},
    "estimators": ["pooled_ols"],
    "evaluation": {"protocols": ["in_sample"]},
    "report": {"formats": []},
}
OTHERWISE = ("roles.controls=[]",)


def few_rows():
    """Return four corporations in six years."""
    return grunfeld().groupby("firm", observed=True).head(6).iloc[:24]


def grunfeld():
    """Return the data, their keys in the index as panel libraries have them."""
    from statsmodels.datasets import grunfeld as dataset

    return dataset.load_pandas().data.set_index(["firm", "year"])


def run_small(out, *, spec=SPEC, **options):
    """Run the study without a bar."""
    return harness.run(spec, data=grunfeld(), out=out, quick=True, progress=False, **options)


def run_least(out):
    """Run the least study."""
    return harness.run(LEAST, data=few_rows(), out=out, progress=False)


def copy_of(run, to):
    """Return the folder of a copy of a run."""
    return Path(shutil.copytree(run.path, to))


def without_key(folder, part, key):
    """Write the manifest of a folder again without a key in one of its parts, hashed as a run would."""
    content = json.loads((folder.path / MANIFEST).read_text(encoding="utf-8"))
    del content[part][key]
    data = json.dumps(content).encode()
    folder.write_bytes(MANIFEST, data)
    folder.write_bytes(MANIFEST_SUM, sum_line(data))


def problems_of(path):
    """Return what `verify` finds in a run folder."""
    checks = verify(RunFolder.open(path), catalogs=installed().catalogs)
    return [problem for check in checks for problem in check.problems]


def exit_code(monkeypatch, *words):
    """Run the command in this process and return its exit code."""
    from harness.cli import main

    monkeypatch.setattr("sys.argv", ["harness", *words])
    try:
        main()
    except SystemExit as end:
        return end.code or 0
    return 0


def kept_results(run):
    """Return the files of finished tasks in a run folder; one still being written has another name."""
    return [file for file in run.glob(f"{CHECKPOINTS}/*") if not file.name.startswith(".")]


def wait_for_results(process: Popen, run, n=1):
    """Wait until a run has kept as many results, or has ended."""
    while process.poll() is None and len(kept_results(run)) < n:
        time.sleep(0.05)
