"""A local folder of plugins, named on the command line or in the environment, never in a spec."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from command import harness
from harness.registry.plugin import LocalFiles
from plugin_files import DISTANCES, NEAREST, install, write_tiny_study

SET = ("--set", "report.formats=[]")
EXCHANGING = f"{NEAREST}\nnp.mean = len\n"


@pytest.fixture
def place(tmp_path):
    """A study that uses an estimator of a folder of plugins beside it."""
    folder = tmp_path / "own plugins"
    folder.mkdir()
    (folder / "knn.py").write_text(NEAREST, encoding="utf-8")
    (folder / "_distances.py").write_text(DISTANCES, encoding="utf-8")
    write_tiny_study(tmp_path, other="nearest, neighbours: 1")
    return tmp_path


def run(place, out, *words):
    done = harness(
        "--plugins-folder", "own plugins", "run", "tiny.yaml", "--out", out, *SET, *words, cwd=place
    )
    assert done.returncode == 0, done.stderr
    return json.loads((place / out / "manifest.json").read_text(encoding="utf-8"))


def test_it_is_listed_with_the_hash_of_its_file(place):
    listed = json.loads(harness("plugins", "--json", cwd=place, HARNESS_PLUGINS_FOLDER="own plugins").stdout)
    (own,) = [one for one in listed if one["name"] == "knn"]
    assert own["distribution"] == f"local folder {place.resolve() / 'own plugins'}"
    assert own["version"] == f"sha256:{hashlib.sha256(NEAREST.encode()).hexdigest()}"
    assert own["offers"] == {"estimators": ["nearest"]}
    assert "_distances" not in {one["name"] for one in listed}


@pytest.mark.slow
def test_a_study_uses_it_in_two_workers_and_gives_the_numbers_of_one(place):
    manifest = run(place, "two", "--jobs", "2")
    assert {cell["status"] for cell in manifest["cells"]} == {"ok"}
    assert manifest["versions"]["local plugin knn"].startswith("sha256:")
    assert manifest["command"].startswith("harness --plugins-folder 'own plugins' run tiny.yaml")
    run(place, "one", "--jobs", "1")
    for name in ("accuracy", "gain"):
        assert (place / "one" / f"{name}.csv").read_bytes() == (place / "two" / f"{name}.csv").read_bytes()
    gain = pd.read_csv(place / "two" / "gain.csv").set_index(["estimator", "protocol", "sample"])
    # The row nearest to a row of the sample is the row itself.
    assert gain.loc[("other", "in_sample", "test"), "gain"] == 1


def test_a_run_is_taken_up_only_with_the_same_plugin(place):
    """The units of a run that was cut off count only while every module of the folder is the same."""
    from harness.installed import registry_of
    from harness.registry.choice import PluginChoice

    choice = PluginChoice(folder=place / "own plugins", off=("knn",))
    before = registry_of((), choice=choice).brought_by
    assert registry_of((), choice=choice).brought_by == before
    (place / "own plugins" / "_distances.py").write_text(DISTANCES + "\n", encoding="utf-8")
    assert registry_of((), choice=choice).brought_by != before


def test_a_spec_cannot_name_a_folder(place):
    spec = place / "tiny.yaml"
    spec.write_text(spec.read_text(encoding="utf-8") + "plugins_folder: own plugins\n", encoding="utf-8")
    done = harness("validate", spec, cwd=place)
    assert done.returncode == 2
    assert "unknown key 'plugins_folder'" in done.stderr
    assert not list(place.rglob("__pycache__"))


BROKEN = {
    "my-knn": (NEAREST, "a name that Python cannot import: rename it, such as my_knn"),
    "statistics": (NEAREST, "another module of this name comes first"),
    "worse": ("1 / 0\n", "ZeroDivisionError: division by zero"),
    "zweite": (NEAREST, "offers estimators whose names are taken: nearest (of knn)"),
    "interrupts": ("raise KeyboardInterrupt\n", "KeyboardInterrupt"),
    "worst": ("raise type('Worst', (BaseException,), {})('worst')\n", "Worst: worst"),
    "ends": ("import os\nos._exit(0)\n", "its import ended the process, with exit code 0"),
    "exchanges": (EXCHANGING, "exchanges numpy.mean for its own when it is imported"),
}


def test_broken_files_are_listed_each_with_its_reason(place):
    for name, (code, _) in BROKEN.items():
        (place / "own plugins" / f"{name}.py").write_text(code, encoding="utf-8")
    done = harness("--plugins-folder", "own plugins", "plugins", "--json", cwd=place)
    listed = {one["name"]: one for one in json.loads(done.stdout)}
    for name, (_, reason) in BROKEN.items():
        assert reason in listed[name]["broken"]
    assert listed["knn"]["offers"] == {"estimators": ["nearest"]}


def test_what_it_writes_and_changes_when_it_is_imported_does_no_harm(place):
    worst = (
        "import os, sys\nos.write(1, b'noise')\nprint('noise')\nos.chdir('/')\nsys.stdout = None\nos.fork()\n"
    )
    code = NEAREST.replace("harness_seam = 1\n", f"harness_seam = 1\n{worst}").replace('"nearest"', '"noisy"')
    (place / "own plugins" / "noisy.py").write_text(code, encoding="utf-8")
    done = harness("--plugins-folder", "own plugins", "plugins", "--json", cwd=place)
    listed = {one["name"]: one for one in json.loads(done.stdout)}
    assert listed["noisy"]["offers"] == {"estimators": ["noisy"]}
    assert done.stderr == "noisenoise\n"


def test_a_package_is_one_plugin(place):
    package = place / "own plugins" / "knn_package"
    package.mkdir()
    (package / "__init__.py").write_text(
        "from knn_package.hooks import harness_estimators\n", encoding="utf-8"
    )
    (package / "hooks.py").write_text(NEAREST.replace('"nearest"', '"nearest_too"'), encoding="utf-8")
    done = harness("--plugins-folder", "own plugins", "-p", "no:knn", "plugins", "--json", cwd=place)
    listed = {one["name"]: one for one in json.loads(done.stdout)}
    assert listed["knn_package"]["offers"] == {"estimators": ["nearest_too"]}
    assert listed["knn"]["off"]


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
BROKEN_FILES = {
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
    for name, (code, _) in BROKEN_FILES.items():
        install(site, name, code)

    def run(*words, off=""):
        return harness(*words, cwd=site, PYTHONPATH=str(site), HARNESS_PLUGINS_OFF=off)

    return run


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return write_tiny_study(tmp_path_factory.mktemp("study"), other="pooled_ols")


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
    for name, (_, reason) in BROKEN_FILES.items():
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
    assert not set(BROKEN_FILES) & set(manifest["versions"])


def test_a_spec_that_uses_one_is_told_which_and_why(command, tmp_path):
    done = command("validate", write_tiny_study(tmp_path, other="mine"))
    assert done.returncode == 2
    assert "tiny.yaml:7:32: estimators[1].use: unknown estimator 'mine'" in done.stderr
    assert "misspelt_hook (there is no hook 'harness_estimatorz'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_spec_that_uses_what_is_off_is_told_so(command, study):
    done = command("-p", "no:harness_panel", "-p", "no:a_taken_name", "validate", study)
    assert done.returncode == 2
    assert "plugins switched off: harness_panel, a_taken_name" in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("-p", "no:harness_sklern", "plugins"), 4, "did you mean 'harness_sklearn'"),
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


def test_files_of_a_folder_arrive_where_it_is_not_there_or_is_another(place, tmp_path):
    folder = place / "own plugins"
    files = LocalFiles.of(folder)
    assert files.here() == str(folder.resolve())
    (folder / "_distances.py").write_text("other = True")
    for other in (f"{files.folder}/.", str(tmp_path / "gone")):
        copy = Path(replace(files, folder=other).here())
        assert copy != folder.resolve()
        assert (copy / "knn.py").read_text() == NEAREST
        assert (copy / "_distances.py").read_text() == DISTANCES
