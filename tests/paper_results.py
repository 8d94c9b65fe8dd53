"""Which printed results of the published study hold in a run: the tables of the page on its items.

They are of the run that the page figure by figure shows. ``python tests/paper_results.py`` writes them
into the page on items, where its marker is.
"""

from __future__ import annotations

import math
from itertools import takewhile
from pathlib import Path

import pandas as pd

from harness.installed import installed
from harness.report.sections.claims.conclusions import holds
from harness.study.expectations.claims_table import claims_table
from harness.study.expectations.moderated_claim import SOURCES
from harness.study.spec.load import load_study
from harness.tables.claims import ClaimRow
from harness.tables.table import read_rows

ROOT = Path(__file__).parents[1]
SPEC = ROOT / "specs" / "digital_carbon.yaml"
ITEMS = ROOT / "docs" / "paper_items.md"
FIGURES = ROOT / "docs" / "figure_by_figure.md"
MARKER = "<!-- the run -->\n"
READINGS = ("as published", "as it should be")


def number(cell):
    """Return the number that a cell shows, a share for a percentage; NaN for none."""
    text = cell.replace("\u2212", "-").replace(",", "")
    if text.startswith("\u2013"):
        return math.nan
    return float(text.removesuffix("%")) / 100 if text.endswith("%") else float(text)


def shown_results(text):
    """Yield source and cells of every printed result on the page figure by figure."""
    for part in text.split("\n## ")[1:]:
        source, *lines = part.splitlines()
        start = next((at for at, line in enumerate(lines) if line.startswith("| what |")), len(lines))
        for line in takewhile(lambda one: one.startswith("| "), lines[start + 2 :]):
            yield source, [cell.strip() for cell in line.strip("| ").split(" | ")]


def results():
    """Return source, cells and whether each number holds of every printed result; None for no number."""
    study = load_study(SPEC, catalogs=installed().catalogs).study
    frame = claims_table(study, {name: pd.DataFrame() for name in SOURCES}).assign(reason="", note="")
    claims = {}
    for row in read_rows(frame, ClaimRow, table="claims"):
        claims.setdefault(row.source, []).append(row)
    found = []
    for source, cells in shown_results(FIGURES.read_text(encoding="utf-8")):
        row = claims[source].pop(0)
        values = [number(cell) for cell in cells[3:]]
        found.append((source, cells, [holds(row, one) if math.isfinite(one) else None for one in values]))
    assert not any(claims.values()), "the page figure by figure is not of this spec"
    return found


def results_text():
    """Return both tables as Markdown: how many hold of each source, and those that do."""
    found = results()

    def counted(own):
        known = [[held[at] for held in own if held[at] is not None] for at in (0, 1)]
        return " | ".join([str(len(own)), *(f"{sum(one)} of {len(one)}" for one in known)])

    by_source = {}
    for source, _, held in found:
        by_source.setdefault(source, []).append(held)
    lines = [
        "| where printed | printed results | hold as published | hold as it should be |",
        "|---|---|---|---|",
        *(f"| {source} | {counted(own)} |" for source, own in by_source.items()),
        f"| all | {counted([held for _, _, held in found])} |",
        "",
        "| where printed | result | outcome | printed | as published | as it should be | holds |",
        "|---|---|---|---|---|---|---|",
    ]
    for source, cells, held in found:
        named = [name for name, one in zip(READINGS, held, strict=True) if one]
        if named:
            words = "both" if len(named) == 2 else named[0]
            # Notes on numbers that are missing stand on the other page.
            shown = [cell.partition(" (")[0] if cell.startswith("\u2013") else cell for cell in cells]
            lines.append(f"| {' | '.join([source, *shown, words])} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    start, marker, _ = ITEMS.read_text(encoding="utf-8").partition(MARKER)
    ITEMS.write_text(f"{start}{marker}\n{results_text()}", encoding="utf-8")
