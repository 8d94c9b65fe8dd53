"""A first installation, without what the extras bring: what is absent is told, and everything else works."""

from __future__ import annotations

import html
import json
import subprocess
import sys

import pytest

EXTRAS = ("torch", "minisom", "plotly", "pyfixest", "pyreadstat", "distributed")
COMMANDS = f"""
import contextlib, io, json, sys
from importlib.machinery import PathFinder


class Without(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name in {EXTRAS!r} else super().find_spec(name, path, target)


sys.meta_path[sys.meta_path.index(PathFinder)] = Without
from harness.cli import main
said = {{}}
for words in json.loads(sys.argv[1]):
    sys.argv = ["harness", *words]
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
    said[words[0]] = [code, " ".join(output.getvalue().split())]
print(json.dumps(said))
"""
STUDY = """\
spec_version: 1
study: first
data: {simulate: {use: interaction, n_entities: 12, n_periods: 5}}
roles: {entity: city, time: year, outcomes: [outcome], exposure: exposure, moderators: [moderator]}
estimators: [pooled_ols, {use: fixed_effects, effects: [entity]}]
evaluation: {protocols: [in_sample]}
scenarios: [{use: conditional, moderator: moderator, draws: 4, grid: 4}]
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    folder = tmp_path_factory.mktemp("first")
    (folder / "first.yaml").write_text(STUDY, encoding="utf-8")
    (folder / "all.yaml").write_text(
        STUDY.replace("[pooled_ols, {use: fixed_effects, effects: [entity]}]", "ladder")
    )
    rows = [
        f"{city},{year},{(7 * city + year) % 5},{(3 * city * year) % 11}"
        for city in range(1, 7)
        for year in (2001, 2002, 2003)
    ]
    (folder / "towns.csv").write_text("\n".join(["city,year,y,x", *rows]), encoding="utf-8")
    commands = [
        ["plugins"],
        ["doctor"],
        ["validate", "all.yaml"],
        ["init", "towns.csv", "--outcome", "y", "--exposure", "x"],
        ["run", "first.yaml", "--jobs", "1"],
    ]
    done = subprocess.run(
        [sys.executable, "-c", COMMANDS, json.dumps(commands)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder, json.loads(done.stdout)


def test_plugins_without_their_libraries_are_listed_with_the_command_that_installs_them(said):
    _, told = said
    code, plugins = told["plugins"]
    assert code == 0
    assert "absent: torch and minisom are not installed: pip install 'panel-harness[neural]'" in plugins
    assert "broken" not in plugins
    code, doctor = told["doctor"]
    assert code == 0
    assert "absent: torch and minisom" in doctor


def test_a_ladder_with_networks_is_refused_with_the_command(said):
    _, told = said
    code, text = told["validate"]
    assert code == 2
    assert "unknown estimator 'som_ann'" in text
    assert "pip install 'panel-harness[neural]'" in text


def test_a_drafted_spec_has_the_rungs_that_are_there(said):
    folder, told = said
    assert told["init"][0] == 0, told["init"][1]
    text = (folder / "towns.yaml").read_text(encoding="utf-8")
    assert "use: fixed_effects" in text
    assert "use: rab" not in text
    assert "use: mlp" not in text
    assert "# not here: mlp; it is of harness_neural: torch and minisom are not installed" in text


def test_a_study_without_networks_runs_and_says_why_no_surface_can_be_turned(said):
    folder, told = said
    assert told["run"][0] == 0, told["run"][1]
    run = folder / "runs" / "first"
    assert (run / "surfaces.csv").stat().st_size > 0
    assert not (run / "surfaces.html").exists()
    report = html.unescape((run / "report.html").read_text(encoding="utf-8"))
    assert "pip install 'panel-harness[surfaces]'" in report
