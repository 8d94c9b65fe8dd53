"""Writes the pages of what can be chosen by name, with all options: ``python docs/_ext/write_reference.py``.

They stand in the repository, where a search finds them; a test holds them to the code.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from report_text import report_text
from schema_text import own_spec_text

from harness.report.write import gain_report_schema

PAGES = Path(__file__).parents[1] / "reference"
KINDS = ("estimator", "metric", "protocol", "scenario", "simulation", "step")
HEADING = "\n## "


def written() -> Mapping[Path, str]:
    """Return the text of each page: its own head, then a section for each choice."""
    spec = own_spec_text()
    sections = {f"{kind}s.md": spec.choices(kind) for kind in KINDS}
    sections["gain_report.md"] = report_text(gain_report_schema())
    heads = {PAGES / name: (PAGES / name).read_text(encoding="utf-8") for name in sections}
    return {
        path: f"{head.partition(HEADING)[0].rstrip()}\n\n{sections[path.name]}\n"
        for path, head in heads.items()
    }


if __name__ == "__main__":
    for path, text in written().items():
        path.write_text(text, encoding="utf-8")
