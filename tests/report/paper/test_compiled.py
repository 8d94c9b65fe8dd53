"""Every table of a paper compiles, and its PDF shows the powers of ten that it is given."""

import shutil
import subprocess

import pytest

from harness.findings.run import read_run
from harness.report.paper.tables import paper_files
from report.changed_run import with_table

PDFLATEX = shutil.which("pdflatex")
DOCUMENT = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage{booktabs}
\begin{document}
%s
\end{document}
"""


@pytest.mark.skipif(PDFLATEX is None, reason="pdflatex is not on this machine")
@pytest.mark.parametrize("name", ["wage", "hostile"])
def test_every_table_compiles(name, request, tmp_path):
    def tiny(frame):
        return frame.assign(estimate=frame["estimate"] * 1e-5, std_error=frame["std_error"] * 1e-5)

    run = with_table(read_run(request.getfixturevalue(name)), "coefficients", tiny)
    files = [file for file in paper_files(run, ("latex",)) if file.path.endswith(".tex")]
    assert files
    for file in files:
        path = tmp_path / "table.tex"
        path.write_text(DOCUMENT % file.content, encoding="utf-8")
        command = [PDFLATEX, "-interaction=nonstopmode", "-halt-on-error", path.name]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{file.path}\n{done.stdout[-2000:]}"
        if "10^{-6}" in file.content and shutil.which("pdftotext"):
            text = ["pdftotext", "table.pdf", "-"]
            shown = subprocess.run(text, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
            assert "10−6" in "".join(shown.split())
