"""A run folder of a version whose verdict was no table is refused in one message."""

import pytest

from harness.errors import ArtifactError
from harness.report.write import Reporter
from harness.tables.findings import FINDINGS
from report.all_sections import SECTIONS
from report.fake_run import wage_run


def test_a_folder_without_findings_says_its_format_and_what_to_do(tmp_path):
    folder = wage_run(tmp_path / "run")
    (folder.path / FINDINGS.file).unlink()
    folder.write_manifest(folder.manifest())
    with pytest.raises(ArtifactError) as caught:
        Reporter(SECTIONS).report(folder.path)
    (problem,) = caught.value.problems
    assert problem.where == "findings.csv"
    assert "older format, written by panel-harness 0.1.0" in problem.what
    assert problem.hint.endswith("harness run specs/wage_panel.yaml --quick")
    assert not (folder.path / "report.html").exists()
