"""The rules of sections of the report, and the small study in whose report they have to stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from harness.conformance.check import Violation, refuse, rule
from harness.conformance.data_members import require_words
from harness.conformance.options import Options, stand_ins, with_stand_in
from harness.conformance.panels import COLUMNS, SEED, StandIn, ordinary_panel
from harness.data.read.files import frame_file
from harness.findings.run import read_run
from harness.registry.plugin import Plugin
from harness.registry.registry import Registry
from harness.report.blocks import ReportBlock
from harness.report.drawing.canvas import finish, house_style
from harness.report.page import figures_in
from harness.report.sections.section import Section
from harness.running.options import RunOptions
from harness.running.run import write_run
from harness.running.workers import ThisProcess
from harness.study.spec.written import written_spec


@dataclass(frozen=True, eq=False)
class Setting:
    """Where a section is looked for.

    Attributes
    ----------
    registry : what a study may use
    plugin : whose estimators, protocols, scenarios and metrics the kit's study uses; None for the harness's
    given : options of these
    study : spec of a study that has the section; None for the kit's own
    """

    registry: Registry
    plugin: Plugin | None = None
    given: Options = field(default_factory=dict)
    study: Path | None = None

    def options(self, out: Path) -> RunOptions:
        """Return what a quick run of the study takes."""
        if self.study is not None:
            return RunOptions(self.study, out=out, quick=True)
        spec = {
            "spec_version": 1,
            "study": "conformance",
            "title": "Conformance",
            "seed": SEED,
            "data": {"path": "panel.parquet"},
            "roles": {
                "entity": "entity",
                "time": "time",
                "outcomes": "outcome",
                "exposure": COLUMNS[0],
                "moderators": COLUMNS[1],
                "controls": COLUMNS[2:],
            },
            "estimators": [{"id": "reference", "use": StandIn.name}, *self._own("estimator")],
            "evaluation": {
                "reference": "reference",
                "protocols": ["in_sample", "held_out_entities", *self._own("protocol")],
                "metrics": list(self._own("metric")),
            },
            "scenarios": [{"use": "curve", "draws": 20}, *self._own("scenario")],
        }
        return RunOptions(
            written_spec(spec), data=frame_file(_table()), out=out, quick=True, trust_plugins=True
        )

    def _own(self, kind: str) -> Iterator[Mapping[str, object]]:
        members = {} if self.plugin is None else self.plugin.contributions.get(kind, {})
        for name, member in members.items():
            yield {"use": name, **stand_ins(member), **self.given.get(name, {})}


def _table() -> pd.DataFrame:
    """Return the ordinary panel as a table; all but its exposure in quarters, so that rows group by them."""
    panel = ordinary_panel()
    columns = dict(zip(COLUMNS, panel.X.T, strict=True))
    for name in COLUMNS[1:]:
        columns[name] = pd.qcut(columns[name], 4, labels=False)
    keys = {key.name: np.array(key.labels)[key.codes] for key in (panel.entity, panel.time)}
    return pd.DataFrame({**keys, panel.outcome: panel.observed, **columns})


@rule("section")
def whole(case: tuple[Section, Setting]) -> str:
    """Check that a section has a title, a whole number for its place, and what makes its blocks.

    Look at what the page reads.
    """
    member, _ = case
    if not isinstance(member, Section):
        raise Violation(f"a {type(member).__name__} is no harness.plugin.reporting.Section")
    require_words(member, "name", "title")
    refuse(type(member.place) is not int, f"`place` is {member.place!r}, not a whole number")
    return f"at {member.place}"


@rule("section", "whole", is_slow=True)
def present(case: tuple[Section, Setting]) -> str:
    """Check that a section stands in the report of a small study, or in that of `--study`.

    Run the study with the estimators, protocols, scenarios and metrics of the plugin, and make the section.
    """
    member, at = case
    with TemporaryDirectory(prefix="harness-conformance-") as folder, house_style():
        options = at.options(Path(folder) / "run")
        run = read_run(write_run(options, with_stand_in(at.registry), workers=ThisProcess()))
        blocks = member.blocks(run)
        for figure in figures_in(blocks):
            finish(figure, is_simulated=False)
        rows = ", ".join(f"{len(run.frame(name))} rows in {name}" for name in member.tables)
    used = ", ".join(one.id for one in run.manifest.study.estimators)
    what = f"is not in the report of a study of {used}, which has {rows or 'no table that it names'}"
    refuse(not blocks, f"{what}; name a study that has it: --study SPEC")
    refuse(not all(isinstance(block, ReportBlock) for block in blocks), "`content` yields what is no block")
    return f"{len(blocks)} blocks"
