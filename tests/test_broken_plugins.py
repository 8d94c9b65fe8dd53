"""Plugins that are broken in every way we know, installed together: every command works and says so."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from command import harness
from plugin_files import install, write_tiny_study

ESTIMATOR = """\
from dataclasses import dataclass
from typing import ClassVar
from harness.plugin import hookimpl

print("a plugin that talks")


@dataclass(frozen=True)
class Mine:
    name: ClassVar[str] = "NAME"
    provides: ClassVar[frozenset[type]] = frozenset()

    def fit(self, panel, *, rng, selection=None):
        return self


@hookimpl
def HOOK():
    return [Mine]
"""

# By name: the code of a plugin, and what is said of it.
BROKEN = {
    "a_taken_name": (
        ESTIMATOR.replace("NAME", "mean").replace("HOOK", "harness_estimators"),
        "offers estimators whose names are taken: mean (of harness_panel)",
    ),
    "bad_syntax": ("def broken(:\n", "SyntaxError: invalid syntax"),
    "misspelt_hook": (
        ESTIMATOR.replace("NAME", "mine").replace("HOOK", "harness_estimatorz"),
        "there is no hook 'harness_estimatorz': did you mean 'harness_estimators'?",
    ),
    "missing_import": ("import no_such_library_anywhere\n", "No module named 'no_such_library_anywhere'"),
    "new_seam": ("harness_seam = 99\n", "needs seam 99, this harness has 1: upgrade panel-harness"),
    "walks_out": ("raise SystemExit('bye')\n", "SystemExit: bye"),
}


@pytest.fixture(scope="module")
def command(tmp_path_factory):
    """Return the command, with all the broken plugins installed."""
    site = tmp_path_factory.mktemp("site")
    for name, (code, _) in BROKEN.items():
        install(site, name, code)

    def run(*words, off=""):
        return harness(*words, cwd=site, PYTHONPATH=str(site), HARNESS_PLUGINS_OFF=off)

    return run


OWN = (
    "harness_causal",
    "harness_fixest",
    "harness_neural",
    "harness_panel",
    "harness_rab",
    "harness_sklearn",
)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return write_tiny_study(tmp_path_factory.mktemp("study"), other="pooled_ols")


def test_the_list_says_what_is_wrong_with_each_and_nothing_of_the_others(command):
    done = command("plugins", "--json")
    listed = {plugin["name"]: plugin for plugin in json.loads(done.stdout)}
    for name, (_, reason) in BROKEN.items():
        assert reason in listed[name]["broken"]
        assert listed[name]["offers"] == {}
    whole = {name: plugin for name, plugin in listed.items() if name.startswith("harness_")}
    assert {name: plugin["broken"] for name, plugin in whole.items()} == dict.fromkeys(OWN, "")
    assert "mean" in whole["harness_panel"]["offers"]["estimators"]


@pytest.fixture(scope="module")
def finished(command, study, tmp_path_factory):
    """A run of the study, and what the command said."""
    out = tmp_path_factory.mktemp("finished") / "run"
    return out, command("run", study, "--jobs", "1", "--out", out)


@pytest.mark.parametrize(
    ("words", "printed"),
    [
        (("init", "DATA", "--outcome", "invest", "--exposure", "value"), "towns.yaml: a study of"),
        (("validate", "SPEC"), "valid; study 'tiny'"),
        (("report", "RUN"), "report: "),
        (("verify", "RUN"), "holds: the manifest is the one that the run wrote"),
        (("test-plugin", "harness_panel", "--only", "mean", "--quick"), "0 failed"),
        (("doctor",), "cores"),
    ],
    ids=lambda words: words[0] if isinstance(words, tuple) else "",
)
def test_every_command_works_and_says_what_is_wrong_with_each(
    command, study, finished, tmp_path, words, printed
):
    table = tmp_path / "towns.csv"
    table.write_text("town,year,invest,value\na,1,1.5,2\na,2,2.5,2\nb,1,3,1\nb,2,4,7\n")
    paths = {"SPEC": study, "RUN": finished[0], "DATA": table}
    done = command(*(paths.get(word, word) for word in words))
    assert done.returncode == 0, done.stderr
    assert printed in done.stdout
    assert_each_is_named(done.stderr)


def assert_each_is_named(told):
    for name, (_, reason) in BROKEN.items():
        (line,) = [
            one for one in told.splitlines() if one.startswith(f"plugin {name} is broken and not loaded: ")
        ]
        assert reason in line


def test_a_study_runs_without_them(finished):
    out, done = finished
    assert done.returncode == 0, done.stderr
    assert_each_is_named(done.stderr)
    accuracy = pd.read_csv(out / "accuracy.csv")
    assert set(accuracy["status"]) == {"ok"}
    assert (out / "report.html").is_file()
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert not set(BROKEN) & set(manifest["versions"])


def test_a_spec_that_uses_one_is_told_which_and_why(command, tmp_path):
    done = command("validate", write_tiny_study(tmp_path, other="mine"))
    assert done.returncode == 2
    assert "tiny.yaml:7:32: estimators[1].use: unknown estimator 'mine'" in done.stderr
    assert "misspelt_hook (there is no hook 'harness_estimatorz'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("how", ["option", "variable"])
def test_what_is_switched_off_is_not_loaded(command, how):
    names = ["walks_out", "bad_syntax"]
    if how == "option":
        done = command(*(word for name in names for word in ("-p", f"no:{name}")), "plugins", "--json")
    else:
        done = command("plugins", "--json", off=", ".join(names))
    listed = {one["name"]: one for one in json.loads(done.stdout)}
    assert [name for name, one in listed.items() if one["off"]] == sorted(names)
    assert all(listed[name]["broken"] == "" for name in names)
    assert listed["missing_import"]["broken"]


def test_a_spec_that_uses_what_is_off_is_told_so(command, study):
    done = command("-p", "no:harness_panel", "-p", "no:a_taken_name", "validate", study)
    assert done.returncode == 2
    assert "plugins switched off: harness_panel, a_taken_name" in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("-p", "no:harness_rap", "plugins"), 4, "did you mean 'harness_rab'"),
        (("-p", "harness_rab", "plugins"), 2, "not of the form no:NAME"),
        (("--plugins-folder", "absent", "plugins"), 4, "absent: there is no such folder of plugins"),
    ],
    ids=["unknown plugin", "not no:", "no folder"],
)
def test_a_wrong_choice_is_one_readable_error(command, words, code, said):
    done = command(*words)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
