"""A fault at every single write: there is the old or the new, whole, and the next command goes on."""

import os
import shutil

import pytest

from failing_disk import FAULTS, at_every_call, invoked
from harness.audit.integrity import require_whole
from harness.running.files import locked, replacing_own
from harness.running.folder import RunFolder
from harness.study.spec.written import written_spec
from running.test_folder import MANIFEST_OF_NOTHING, OF_EVERY_RUN, names_in, run_in
from small_run import SPEC, TINY, grunfeld

GAIN = "details/gain.csv"
EVERY = pytest.mark.parametrize(
    "fault",
    [
        pytest.param(fault, id=name, marks=() if name in {"killed", "EIO"} else pytest.mark.slow)
        for name, fault in FAULTS.items()
    ],
)


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch):
    """Flush nothing, which says nothing of what another process finds and takes most of the time."""
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)


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

    for _, ended in at_every_call(tmp_path / "disk", fault, prepare, lambda: act(path)):
        found = contents(path)
        assert found == new if ended else found in (OLD, new)
        seen.append(found)
        run_anew(path, "third")
        assert contents(path) == THIRD
        assert names_in(path) - {".lock"} == OF_EVERY_RUN | {"mine.txt", *THIRD}
    assert seen[0] == OLD
    assert seen[-1] == new


@EVERY
def test_a_first_run_is_whole_or_none_and_the_next_is_whole(tmp_path, fault):
    path = tmp_path / "disk" / "runs" / "run"

    def prepare():
        shutil.rmtree(tmp_path / "disk", ignore_errors=True)

    for _, ended in at_every_call(tmp_path / "disk", fault, prepare, lambda: run_anew(path, "new")):
        assert not ended or contents(path) == NEW
        run_anew(path, "third")
        assert contents(path) == THIRD


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

    for _, ended in at_every_call(path.parent, fault, prepare, act):
        if ended or path.exists():
            assert path.read_text() in (["new"] if ended else ["old", "new"])
        else:
            assert not is_there
        act()
        assert [file.name for file in path.parent.iterdir()] == ["d.yaml"]
        assert path.read_text() == "new"


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Return a folder with data, a spec, two runs of it without a quick one's cuts, and their tables."""
    place = tmp_path_factory.mktemp("study")
    grunfeld().reset_index().to_csv(place / "d.csv", index=False)
    own = {**SPEC["data"], "path": "d.csv"}
    (place / "s.yaml").write_text(written_spec({**SPEC, "data": own}).text, encoding="utf-8")
    for seed, run in ((7, "run"), (8, "other")):
        invoked("run", place / "s.yaml", "--out", place / run, *changes(seed))
    return place


def changes(seed):
    return [word for change in (*TINY, f"seed={seed}") for word in ("--set", change)]


COMMANDS = {
    "run": lambda place: ("run", place / "s.yaml", "--out", place / "run", *changes(8)),
    "report": lambda place: ("report", place / "run", "--brief"),
    "pin": lambda place: ("pin", place / "run", "--into", place / "s.yaml"),
    "pack": lambda place: ("pack", place / "run"),
    "export": lambda place: ("export", place / "run", "--to", "r"),
    "init": lambda place: ("init", place / "d.csv", "--outcome", "invest", "--exposure", "value"),
}


def tree(place):
    """Return every file but those that a later command removes, and those of one run that say when it was."""
    hidden = (".new", ".ready", ".lock", ".running", ".harness-run", "checkpoints")
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

    prepare()
    states.append(tree(place))
    invoked(*command(place))
    states.append(tree(place))
    for _, ended in at_every_call(place, fault, prepare, lambda: invoked(*command(place))):
        assert invoked("verify", place / "run").exit_code == 0
        found = tree(place)
        if command is COMMANDS["run"] and not ended:  # whole, and its report is yet to be drawn
            found.setdefault("run/gain_report.json", states[1]["run/gain_report.json"])
        if command is COMMANDS["export"] and not ended:  # what of it is there, its next call completes
            found = {name: content for name, content in found.items() if not name.startswith("run-r/")}
        assert found in (states[1:] if ended else states), differing(found, states)
        if found == states[0]:
            invoked(*command(place))
            assert tree(place) == states[1]


def differing(found, states):
    """Return the files in which a tree differs from each of the states that it may have."""
    return [sorted(name for name, _ in set(found.items()) ^ set(state.items())) for state in states]
