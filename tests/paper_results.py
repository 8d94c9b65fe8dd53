"""Which printed results of the published study hold in a run: the tables of the page on its items.

``python tests/paper_results.py RUN`` writes them into the page, where its marker is.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

from harness.installed import installed
from harness.report.sections.claims.conclusions import holds
from harness.report.sections.claims.published import claim_number, published_text
from harness.running.folder import RunFolder
from harness.study.spec.load import load_study
from harness.tables.claims import ClaimRow
from harness.tables.table import read_rows

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "paper_items.md"
MARKER = "<!-- the run -->\n"


def claims_of(folder):
    """Return the claims of a run folder."""
    return read_rows(RunFolder(Path(folder)).read_table("claims"), ClaimRow, table="claims")


def sources_of(claims):
    """Return source, printed results, and how many the run has and how many hold, in both readings."""
    counted = {}
    for row in claims:
        own = counted.setdefault(row.source, [0, 0, 0, 0, 0])
        own[0] += 1
        for at, value in ((1, row.this_run), (3, row.counterpart)):
            own[at] += math.isfinite(value)
            own[at + 1] += math.isfinite(value) and holds(row, value)
    return counted


def results_text(folder):
    """Return both tables as Markdown: how many hold of each source, and those that do."""
    claims = claims_of(folder)
    spec = ROOT / "specs" / "digital_carbon.yaml"
    variables = load_study(spec, catalogs=installed().catalogs).study.variables
    counted = sources_of(claims)
    counted["all"] = [sum(column) for column in zip(*counted.values(), strict=True)]
    lines = [
        "| where printed | printed results | hold as published | hold as it should be |",
        "|---|---|---|---|",
        *(
            f"| {source} | {n} | {held} of {known} | {other} of {of_other} |"
            for source, (n, known, held, of_other, other) in counted.items()
        ),
        "",
        "| where printed | outcome | result | printed | as published | as it should be | holds |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in claims:
        values = {"as published": row.this_run, "as it should be": row.counterpart}
        held = [name for name, value in values.items() if math.isfinite(value) and holds(row, value)]
        if held:
            shown = [claim_number(row, value) for value in values.values()]
            cells = [row.source, variables[row.outcome].label, row.about.replace("<", "&lt;")]
            words = "both" if len(held) == 2 else held[0]
            lines.append(f"| {' | '.join([*cells, published_text(row), *shown, words])} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    start, marker, _ = PAGE.read_text(encoding="utf-8").partition(MARKER)
    PAGE.write_text(f"{start}{marker}\n{results_text(sys.argv[1])}", encoding="utf-8")
