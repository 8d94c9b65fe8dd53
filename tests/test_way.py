"""How many files a reader must open to follow the smallest study: one run, traced, stays below a bar."""

import json

from command import python
from small_run import ROLES
from source_files import ROOT

MOST_FILES = 138
# Pairs of files of which one calls the other.
MOST_ARROWS = 459

STUDY = {
    "spec_version": 1,
    "study": "way",
    "data": {"dataset": "grunfeld"},
    "roles": ROLES,
    "estimators": [{"id": "ols", "use": "pooled_ols"}, {"id": "fe", "use": "fixed_effects"}],
    "evaluation": {"reference": "ols", "protocols": ["held_out_entities"]},
}

TRACE = """
import importlib, json, sys, tempfile, threading
from pathlib import Path

root, study = Path(sys.argv[1]), json.loads(sys.argv[2])
for base in (root, root / "plugins"):
    for path in sorted(base.glob("harness*/**/*.py")):
        if "templates" not in path.parts:
            names = path.relative_to(base).with_suffix("").parts
            importlib.import_module(".".join(names[:-1] if names[-1] == "__init__" else names))

import harness

run = harness.run
places = (f"{root}/harness/", f"{root}/plugins/")
files, arrows = set(), set()


def enter(frame, event, _):
    name = frame.f_code.co_filename
    # Bodies of modules and classes have no fast locals: what runs at import is nobody's way.
    if event == "call" and frame.f_code.co_flags & 1 and name.startswith(places):
        files.add(name)
        caller = frame.f_back and frame.f_back.f_code.co_filename
        if caller and caller != name and caller.startswith(places):
            arrows.add((caller, name))


with tempfile.TemporaryDirectory() as folder:
    threading.setprofile(enter)
    sys.setprofile(enter)
    run(study, out=f"{folder}/run", jobs=1)
    sys.setprofile(None)
print(json.dumps({"files": sorted(name.removeprefix(f"{root}/") for name in files), "arrows": len(arrows)}))
"""


def test_the_smallest_study_enters_few_files():
    done = python("-c", TRACE, ROOT, json.dumps(STUDY))
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert {"harness/rng.py", "harness/arrays.py"} <= set(found["files"])
    assert len(found["files"]) <= MOST_FILES, found["files"]
    assert found["arrows"] <= MOST_ARROWS, found["arrows"]
