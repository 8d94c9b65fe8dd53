"""What a user would write instead: two studies by the harness beside the plain scripts that do the same fits.

Run in a checkout, with nothing else running, as ``OMP_NUM_THREADS=1 python benchmarks/script.py``.
Study and script run in turn, two processes each; the fastest of each counts. Memory is that of all processes
together, what they share counted once (Linux). Writes its table into ``docs/measured/performance.md``.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from ruamel.yaml import YAML

from harness import open_run
from harness.api import prepare_study
from harness.running.options import RunOptions
from processes import Took, taken_by, write_table

ROOT = Path(__file__).parents[1]
TOLERANCE = 1e-9
"""Of gains that both compute."""


@dataclass(frozen=True)
class Study:
    """A study that has a script.

    Attributes
    ----------
    name : of its spec and of its script
    n_rounds : how often both run
    same : estimators that draw nothing, and what the script calls them
    further : columns that the script reads next to those of the roles; none where it reads no rows of ours
    """

    name: str
    n_rounds: int
    same: Mapping[str, str]
    further: tuple[str, ...] = ()

    @property
    def spec(self) -> Path:
        """Path of the spec."""
        return ROOT / "specs" / f"{self.name}.yaml"

    @property
    def script(self) -> Path:
        """Path of the script."""
        return ROOT / "benchmarks" / "scripts" / f"{self.name}.py"

    def prepared(self) -> pd.DataFrame:
        """Return the rows after all preparation, with keys, groups, outcomes and regressors."""
        roles = YAML(typ="safe").load(self.spec)["roles"]
        controls = [*roles["controls"], *self.further]
        prepared = prepare_study(RunOptions(spec=self.spec, overrides=(f"roles.controls={controls}",)))
        panels = {outcome: prepared.panels.panel(outcome) for outcome in roles["outcomes"]}
        panel = panels[roles["outcomes"][0]]
        keys = {key.name: [key.labels[code] for code in key.codes] for key in (panel.entity, panel.time)}
        keys |= {key.name: [key.labels[code] for code in key.codes] for key in panel.groups}
        frame = pd.DataFrame(keys).join(pd.DataFrame(panel.X, columns=list(panel.columns)))
        return frame.assign(**{outcome: own.observed for outcome, own in panels.items()})

    def require_equal_gains(self, run: Path, script: Path) -> None:
        """Refuse two runs whose estimators that draw nothing gain otherwise in sample or forward."""
        theirs = pd.read_csv(script / "gains.csv")
        ours = open_run(run).gain.query("reference == 'ols' and sample == 'test'")
        ours = ours[ours["estimator"].isin(self.same) & ours["protocol"].isin(["in_sample", "forward"])]
        ours = ours.assign(estimator=ours["estimator"].map(self.same))
        keys = [key for key in ("outcome", "protocol", "estimator") if key in theirs]
        both = ours.merge(theirs, how="left", on=keys, suffixes=("", "_script"), validate="1:1")
        other = both[~((both["gain"] - both["gain_script"]).abs() <= TOLERANCE)]
        if both.empty or not other.empty:
            shown = other[[*keys, "gain", "gain_script"]].to_string(float_format="{:.12f}".format)
            raise SystemExit(f"{self.name}: gains differ\n{shown}")

    def measured(self, folder: Path) -> tuple[Took, Took]:
        """Run the study and the script once, and return what each took."""
        words = ["-m", "harness.cli", "run", str(self.spec), "--quick", "--out", "run", "--jobs", "2"]
        ours = taken_by(words, cwd=folder)
        words = [str(self.script), "script"]
        if self.further:
            self.prepared().to_csv(folder / "rows.csv", index=False)
            words.append("rows.csv")
        theirs = taken_by(words, cwd=folder)
        self.require_equal_gains(folder / "run", folder / "script")
        return ours, theirs

    def lines(self) -> Iterator[str]:
        """Run both in turn, and yield their lines of the table."""
        found = []
        for _ in range(self.n_rounds):
            with tempfile.TemporaryDirectory() as folder:
                found.append(self.measured(Path(folder)))
        names = f"the harness, `specs/{self.name}.yaml --quick`", f"`benchmarks/scripts/{self.name}.py`"
        for name, path, runs in zip(names, (self.spec, self.script), zip(*found, strict=True), strict=True):
            best = min(runs, key=lambda took: took.cpu)
            sizes = f"{best.wall:.0f} s | {best.cpu:.0f} s | {best.peak / 1e9:.1f} GB"
            yield f"| {name} | {sizes} | {lines_of(path)} |\n"


STUDIES = (
    Study("grunfeld", 3, {"fe": "Fixed effects (firm)"}),
    Study(
        "digital_carbon",
        1,
        {"fe": "Fixed effects (city, year)", "threshold": "Threshold in GDP"},
        further=(
            *("internet_users", "it_worker_share", "telecom_revenue_pc_2011", "mobile_phones"),
            "digital_finance",
        ),
    ),
)


def lines_of(path: Path) -> int:
    """Return the lines of a file that are neither blank nor a comment."""
    lines = map(str.strip, path.read_text(encoding="utf-8").splitlines())
    return sum(bool(line) and not line.startswith("#") for line in lines)


def main() -> None:
    """Measure in turn, and write the table."""
    os.environ["PYTHONWARNINGS"] = "ignore"  # networks that reach their last step say so each time
    lines = [line for study in STUDIES for line in study.lines()]
    head = "| | wall | processor | memory | lines |\n|---|---|---|---|---|\n"
    write_table("script, written by benchmarks/script.py", [head, *lines])


if __name__ == "__main__":
    main()
