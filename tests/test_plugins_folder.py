"""A local folder of plugins, named on the command line or in the environment, never in a spec."""

from __future__ import annotations

import hashlib
import json

import pandas as pd
import pytest

from command import harness
from plugin_files import DISTANCES, NEAREST, write_tiny_study

DYING = """\
        import os

        with open("fits.log", "a") as log:
            log.write("fit\\n")
        if "DIE" in os.environ and len(open("fits.log").readlines()) == 3:
            os._exit(1)
"""

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
    from harness.registry.sources import PluginChoice

    choice = PluginChoice(folder=place / "own plugins", off=("knn",))
    before = registry_of((), choice=choice).brought_by
    assert registry_of((), choice=choice).brought_by == before
    (place / "own plugins" / "_distances.py").write_text(DISTANCES + "\n", encoding="utf-8")
    assert registry_of((), choice=choice).brought_by != before


def test_a_fit_whose_process_ended_once_is_done_again_and_no_other_is(place):
    """The plugin ends its worker in its third fit, with one job too."""
    plugin = place / "own plugins" / "knn.py"
    plugin.write_text(NEAREST.replace("        return NearestFit(", DYING + "        return NearestFit("))
    words = ("--plugins-folder", "own plugins", "run", "tiny.yaml", *SET, "--out", "cut", "--jobs", "1")
    done = harness(*words, DIE="1", cwd=place)
    assert done.returncode == 0, done.stderr
    cells = json.loads((place / "cut" / "manifest.json").read_text(encoding="utf-8"))["cells"]
    fits = [cell for cell in cells if "other" in cell["cell"]]
    assert {cell["status"] for cell in fits} == {"ok"}
    assert (place / "fits.log").read_text() == "fit\n" * (len(fits) + 1)


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
