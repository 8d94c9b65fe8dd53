"""A fault at every single write: there is the old or the new, whole, and the next command goes on."""

import os
import shutil

import pytest

import harness
from command import invoked
from failing_disk import FAULTS, at_every_call
from harness.audit.integrity import require_whole
from harness.running import run as run_module
from harness.running.files import READY, locked, replacing_own
from harness.running.folder import RunFolder
from harness.study.spec.document import written_spec
from running.test_folder import MANIFEST_OF_NOTHING, OF_EVERY_RUN, names_in, run_in
from small_run import LEAST, OTHERWISE, few_rows

GAIN = "details/gain.csv"
EVERY = pytest.mark.parametrize(
    "fault",
    [
        pytest.param(fault, id=name, marks=() if name in {"killed", "EIO"} else pytest.mark.slow)
        for name, fault in FAULTS.items()
    ],
)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    """Flush nothing, start no workers and hash no code, which tells nothing of what another process finds."""
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)
    monkeypatch.setattr(run_module, "installed_code", dict)


def contents(path):
    """Return the tables of the run in a folder, which is whole."""
    folder = RunFolder.open(path)
    require_whole(folder)
    return {name: (path / name).read_text() for name in folder.manifest().files}


def run_anew(path, word):
    folder = RunFolder.create(path)
    with locked(path):
        run_in(folder, details__gain_csv=word, **{f"{word}_csv": word})


def draw_anew(path):
    with locked(path), RunFolder.open(path).amended() as new:
        new.write_text("report.html", "new")
        new.remove("old.csv")
        new.write_manifest(MANIFEST_OF_NOTHING)


OLD, NEW, THIRD = ({GAIN: word, f"{word}.csv": word} for word in ("old", "new", "third"))
AMENDED = {GAIN: "old", "report.html": "new"}


@EVERY
@pytest.mark.parametrize(
    ("act", "new"), [(lambda path: run_anew(path, "new"), NEW), (draw_anew, AMENDED)], ids=["run", "report"]
)
def test_a_finished_run_is_the_old_or_the_new_one(tmp_path, fault, act, new):
    path, stored = tmp_path / "disk" / "run", tmp_path / "stored"
    run_anew(stored, "old")
    (stored / "mine.txt").write_text("mine")
    seen = []

    def prepare():
        shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(stored, path)

    for ended in at_every_call(tmp_path / "disk", fault, prepare, lambda: act(path)):
        found = contents(path)
        assert found == new if ended else found in (OLD, new)
        seen.append(found)
        run_anew(path, "third")
        assert contents(path) == THIRD
        assert names_in(path) - {".lock"} == OF_EVERY_RUN | {"mine.txt", *THIRD}
    assert seen[:2] == [new, OLD]


@EVERY
def test_a_first_run_is_whole_or_none_and_the_next_is_whole(tmp_path, fault):
    path = tmp_path / "disk" / "runs" / "run"

    def prepare():
        shutil.rmtree(tmp_path / "disk", ignore_errors=True)

    for ended in at_every_call(tmp_path / "disk", fault, prepare, lambda: run_anew(path, "new")):
        assert not ended or contents(path) == NEW
        run_anew(path, "third")
        assert contents(path) == THIRD


def export_anew(path, word):
    with locked(path), RunFolder.create(path).replaced() as new:
        for name in ("rows.csv", f"{word}.R"):
            new.write_text(name, word)


@EVERY
def test_an_export_over_another_is_one_of_both_or_the_next_finishes_it(tmp_path, fault):
    path, stored = tmp_path / "disk" / "out", tmp_path / "stored"
    RunFolder.create(stored)
    export_anew(stored, "old")

    def prepare():
        shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(stored, path)

    def found():
        return {file.name: file.read_text() for file in path.iterdir() if file.suffix in (".csv", ".R")}

    whole = [{"rows.csv": word, f"{word}.R": word} for word in ("old", "new")]
    for ended in at_every_call(tmp_path / "disk", fault, prepare, lambda: export_anew(path, "new")):
        assert found() in whole[ended:] or (path / READY).is_dir()
        with locked(path), RunFolder.create(path).replaced() as new:
            assert found() in whole
            new.write_text("third.R", "third")
        assert found() == {"third.R": "third"}


@EVERY
@pytest.mark.parametrize("is_there", [True, False], ids=["replaced", "new"])
def test_a_file_of_the_user_is_the_old_or_the_new_one(tmp_path, fault, is_there):
    path = tmp_path / "disk" / "d.yaml"

    def prepare():
        shutil.rmtree(path.parent, ignore_errors=True)
        path.parent.mkdir()
        if is_there:
            path.write_text("old")

    def act():
        with replacing_own(path) as file:
            file.write(b"new")

    for ended in at_every_call(path.parent, fault, prepare, act):
        if ended or path.exists():
            assert path.read_text() in (["new"] if ended else ["old", "new"])
        else:
            assert not is_there
        act()
        assert [file.name for file in path.parent.iterdir()] == ["d.yaml"]
        assert path.read_text() == "new"


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Return a folder with data, a spec and a run of it."""
    place = tmp_path_factory.mktemp("study")
    few_rows().reset_index().to_csv(place / "d.csv", index=False)
    spec = written_spec({**LEAST, "data": {"path": "d.csv"}})
    (place / "s.yaml").write_text(spec.text, encoding="utf-8")
    harness.run(place / "s.yaml", out=place / "run", progress=False)
    return place


OTHER = [word for change in OTHERWISE for word in ("--set", change)]

COMMANDS = {
    "run": lambda place: ("run", place / "s.yaml", "--out", place / "run", *OTHER),
    "report": lambda place: ("report", place / "run", "--brief"),
    "pin": lambda place: ("pin", place / "run", "--into", place / "s.yaml"),
    "pack": lambda place: ("pack", place / "run"),
    "export": lambda place: ("export", place / "run", "--to", "r"),
    "init": lambda place: ("init", place / "d.csv", "--outcome", "invest", "--exposure", "value"),
}


def tree(place):
    """Return every file but those that a later command removes, and those of one run that say when it was."""
    hidden = (".new", ".ready", ".lock", ".running", ".harness-run", "checkpoints", ".run-r.new")
    names = {file.relative_to(place) for file in place.rglob("*") if file.is_file() and file.suffix != ".tmp"}
    kept = [name for name in names if not set(name.parts) & set(hidden)]
    return {str(name): b"" if name.stem == "manifest" else (place / name).read_bytes() for name in kept}


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_command_leaves_what_was_there_or_what_it_makes(study, tmp_path, monkeypatch, fault, command):
    place, states = tmp_path / "disk", []

    def prepare():
        monkeypatch.chdir(tmp_path)
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(study, place)

    def act():
        invoked(*command(place))

    prepare()
    states.append(tree(place))
    for ended in at_every_call(place, fault, prepare, act, of_each_site=command is COMMANDS["run"]):
        require_whole(RunFolder.open(place / "run"))
        found = tree(place)
        if found not in states:
            assert invoked("verify", place / "run").exit_code == 0
            states.append(found)
        if command is COMMANDS["run"] and not ended:  # whole, and its report is yet to be drawn
            found.setdefault("run/gain_report.json", states[1]["run/gain_report.json"])
        assert found in (states[1:2] if ended else states[:2]), differing(found, states[:2])
        if found == states[0]:
            act()
            assert tree(place) == states[1]


def differing(found, states):
    """Return the files in which a tree differs from each of the states that it may have."""
    return [sorted(name for name, _ in set(found.items()) ^ set(state.items())) for state in states]
