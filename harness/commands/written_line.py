"""What a command says of the run folder that it wrote."""

from __future__ import annotations

from pathlib import Path

REPORT = "report.html"


def written_line(folder: Path) -> str:
    """Return one line that names the report, or the folder where the study asks for none."""
    report = folder / REPORT
    return f"report: {report}" if report.is_file() else f"results: {folder}"
