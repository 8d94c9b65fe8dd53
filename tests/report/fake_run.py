"""Run folders for tests of the report, changed ones, and what a section shows of them.

Their tables are stored in ``wage/``: five estimators x four protocols and a refusal; copies of them stand for
other outcomes, and hostile names for others.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from harness.findings.run import Run, RunReader
from harness.findings.table import RULES_VERSION
from harness.installed import installed
from harness.record.decisions import decided
from harness.record.manifest import Manifest
from harness.record.migrations import FORMAT, manifest_of
from harness.report.blocks import Appendix, Paragraph, ReportTable, Tabs, cell_of
from harness.report.drawing.canvas import house_style
from harness.report.page import figures_in
from harness.report.sections.section import SECTION
from harness.running.folder import RunFolder
from harness.tables.csv_table import from_csv
from harness.tables.findings import FINDINGS
from harness.tables.registry import TABLES
from harness.text.render import findings_table

STORED = Path(__file__).parent / "wage"
OUTCOME, EXPOSURE = "lwage", "exper"
REASON = "fold 1: experience is absorbed by the entity and time effects together"
ESTIMATORS = ("ols", "fe", "ann", "rab", "boosting")

# Tables of what estimators answer to scenarios.
ANSWERS = (
    *("curves", "turning_points", "heterogeneity", "heterogeneity_differences", "heterogeneity_rows"),
    *("surfaces", "conditional_effects", "thresholds", "interactions"),
)

# Tables whose columns are not declared.
OPEN = "details/"

HOSTILE = {
    "title": "<img src=x onerror=alert(1)> & {{7*7}}",
    "outcome": '"><svg onload=alert(2)>',
    "exposure": "{{7*7}} javascript:alert(3)",
    "label": "<script>alert(4)</script>",
    "unit": "$x$ % _{a}^b",
    "source": "\x1b]0;owned\x07\x1b[31mred\u202edesrever",
    "reason": r"\input{/etc/passwd} <b onclick=alert(5)>",
    "warning": "javascript:alert(6) ${7*7} {% raw %}",
}


def stored(name: str) -> Any:
    return json.loads((STORED / name).read_text(encoding="utf-8"))


def manifest(
    *,
    outcomes: dict[str, tuple[str, str]],
    exposure: tuple[str, str, str] = (EXPOSURE, "Experience", "years"),
    title: str = "Experience and log wages",
    quick: bool = True,
) -> dict[str, Any]:
    """Return a manifest; outcomes map a name to its label and unit."""
    content = stored("manifest.json")
    study, (refused,) = content["study"], content["cells"]
    variables = outcomes | {exposure[0]: exposure[1:]}
    labels = {name: {"label": label, "unit": unit} for name, (label, unit) in variables.items()}
    others = {name: own for name, own in study["variables"].items() if name not in (OUTCOME, EXPOSURE)}
    study |= {"title": title, "quick": quick, "outcomes": list(outcomes), "exposure": exposure[0]}
    study["variables"] = labels | others
    content["cells"] = [refused | {"cell": refused["cell"].replace(OUTCOME, name)} for name in outcomes]
    return content


def read_manifest(content: dict[str, Any]) -> Manifest:
    """Return the manifest that holds these values."""
    present = {"manifest_version": str(FORMAT), "rules_version": RULES_VERSION}
    return manifest_of(json.dumps(content | present))


def stored_table(path: Path, study: dict[str, Any], drawn: tuple[str, ...]) -> pd.DataFrame:
    """Return a stored table for the outcomes and the exposure of a study, outcome by outcome."""
    frame = from_csv(path.read_text(encoding="utf-8")).replace(EXPOSURE, study["exposure"])
    if path.stem == "summary":
        own = frame["variable"] == OUTCOME
        return pd.concat([*(frame[own].assign(variable=name) for name in study["outcomes"]), frame[~own]])
    if "outcome" not in frame:
        return frame
    if path.stem in ANSWERS:
        frame = frame[frame["estimator"].isin(drawn)]
    if path.stem == "curves":
        refused = {"outcome": OUTCOME, "scenario": "curve", "status": "refused", "reason": REASON}
        others = [{"estimator": name, **refused} for name in ESTIMATORS if name not in drawn]
        frame = pd.concat([pd.DataFrame(others), frame])
    parts = [frame.replace({"outcome": {OUTCOME: name}}) for name in study["outcomes"]]
    return pd.concat(parts, ignore_index=True)


def write_fake_run(
    path: Path,
    content: dict[str, Any],
    *,
    drawn: tuple[str, ...] = ESTIMATORS,
    warnings: tuple[tuple[str, str, str], ...] = (),
) -> RunFolder:
    """Write the run that a manifest describes.

    Parameters
    ----------
    drawn : estimators that have curves
    warnings : code, where and message of each
    """
    study = content["study"]
    tables = {
        file.relative_to(STORED).with_suffix("").as_posix(): stored_table(file, study, drawn)
        for file in sorted(STORED.rglob("*.csv"))
    }
    tables["warnings"] = pd.DataFrame(list(warnings), columns=["code", "where", "message"])
    folder, whole = RunFolder.create(path), read_manifest(content)
    for name, frame in tables.items():
        columns = frame.columns if name.startswith(OPEN) else TABLES[name].columns
        folder.write_table(name, decided(frame.reindex(columns=list(columns)), name, whole.study))
    folder.write_table(FINDINGS.name, findings_table(Run(whole, folder)))
    folder.write_manifest(whole)
    return folder


def wage_run(path: Path) -> RunFolder:
    """Write a run of one outcome as a newcomer would meet it."""
    content = manifest(outcomes={OUTCOME: ("Log wage", "log dollars an hour")})
    notes = (
        ("W-METHOD", "lwage · rab", "this method is a reconstruction"),
        ("W-ABSORBED", "lwage · fe · educ", "educ is constant within every entity and was dropped"),
        ("W-UNSEEN", "lwage · fe · forward", "12 of 872 test rows have a period that was not trained on"),
    )
    return write_fake_run(path, content, warnings=notes)


def chinese_run(path: Path, *, language: str = "en") -> RunFolder:
    """Write a run of two outcomes with Chinese names and four curves."""
    content = manifest(
        outcomes={"碳排放": ("碳排放总量", "万吨"), "intensity": ("碳强度", "万吨/亿元")},
        exposure=("数字经济", "数字经济指数", ""),
        title="数字经济与城市碳排放",
        quick=False,
    )
    content["data"]["simulated"] = True
    content["study"]["language"] = language
    return write_fake_run(path, content, drawn=("ols", "fe", "ann", "rab"))


def hostile_run(path: Path) -> RunFolder:
    """Write a run in which every text that a user or a plugin can set is hostile."""
    content = manifest(
        outcomes={HOSTILE["outcome"]: (HOSTILE["label"], HOSTILE["unit"])},
        exposure=(HOSTILE["exposure"], HOSTILE["exposure"], HOSTILE["unit"]),
        title=HOSTILE["title"],
    )
    content["data"]["source"] = HOSTILE["source"]
    content["cells"][0]["reason"] = HOSTILE["reason"]
    content["study"]["estimators"][2]["label"] = HOSTILE["label"]
    content["study"]["estimators"][3]["options"] = {"base": HOSTILE["warning"]}
    content["study"]["protocols"][0]["title"] = HOSTILE["title"]
    content["command"] = HOSTILE["warning"]
    notes = ((HOSTILE["label"], HOSTILE["warning"], HOSTILE["reason"]),)
    return write_fake_run(path, content, drawn=("ols", "ann"), warnings=notes)


SECTIONS = tuple(sorted(installed().of(SECTION).values(), key=lambda section: section.place))


@dataclass(frozen=True)
class ChangedTable:
    """A run folder of which one table is another."""

    folder: RunReader
    name: str
    table: pd.DataFrame

    def read_table(self, name):
        return self.table if name == self.name else self.folder.read_table(name)

    def manifest(self):
        return self.folder.manifest()

    def files(self):
        return self.folder.files()


def with_table(run: Run, name: str, change: Callable[[pd.DataFrame], pd.DataFrame]) -> Run:
    """Return a run of which one table is changed, and its rows decided on as those of a run are."""
    table = decided(change(run.frame(name)), name, run.manifest.study)
    return Run(run.manifest, ChangedTable(run.folder, name, table))


def with_study(run: Run, **changes) -> Run:
    """Return a run of a study that differs in some fields."""
    study = replace(run.manifest.study, **changes)
    return Run(replace(run.manifest, study=study), run.folder)


def with_truth(run: Run, scenario: str, *rows: dict[str, object]) -> Run:
    """Return a run of simulated data with the true numbers of one scenario, for the first outcome."""
    columns = ["kind", "at", "moderator_at", "group", "truth"]
    frame = pd.DataFrame([{"group": "", **row} for row in rows]).reindex(columns=columns)
    return with_table(
        run, "truth", lambda _: frame.assign(outcome=run.manifest.study.outcomes[0], scenario=scenario)
    )


def blocks_of(section, run):
    """Return the blocks of a section, those on tabs and of the appendix among the others."""
    with house_style():
        return flat(section.blocks(run))


def flat(blocks):
    found = []
    for block in blocks:
        if isinstance(block, Tabs):
            found += flat(own for _, tab in block.tabs for own in tab)
        else:
            found += flat(block.blocks) if isinstance(block, Appendix) else [block]
    return found


def tables_in(blocks):
    return [block for block in blocks if isinstance(block, ReportTable)]


def names_of_figures(blocks):
    return [figure.name for figure in figures_in(blocks)]


def said_in(blocks):
    return [block.words for block in blocks if isinstance(block, Paragraph)]


def cells(table, group=0):
    """Return the cells of the rows of a group, by the text that heads each row."""
    rows = [[cell_of(cell) for cell in row.cells] for row in table.groups[group].rows]
    return {row[0].text: row[1:] for row in rows}


def texts(table, group=0):
    return {name: [cell.text for cell in own] for name, own in cells(table, group).items()}


def legend_of(figure):
    """Return the names in the legend of a figure."""
    return [text.get_text() for text in figure.legends[0].get_texts()]


def plotted(plot, *arguments):
    """Return the figure that a function plots in the style of the report."""
    with house_style():
        return plot(*arguments)
