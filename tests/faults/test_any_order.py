"""Run, cut, resume, report, pin, pack, sign and verify in any order, with a fault at any write."""

import os
import shutil
import subprocess
import tempfile
import zipfile
from contextlib import nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

import harness
from command import invoked
from failing_disk import FAULTS, KILL, Killed, end_of_process, failing
from harness import ArtifactError, HarnessError, Problem, api
from harness.api import run_study
from harness.audit.integrity import require_whole
from harness.pack import archive
from harness.running import run as run_module
from harness.running.checkpoints import Checkpoint, CheckpointStore
from harness.running.files import CHECKPOINTS, MANIFEST, MANIFEST_SUM, SIGNATURE, locked
from harness.running.folder import RunFolder
from harness.running.options import RunOptions
from harness.study.spec.document import written_spec
from small_run import LEAST, OTHERWISE, SPEC, TINY, few_rows, grunfeld

# Where a fault happens: the kind, and how many calls are done before it; None where all goes well.
FAULT = st.none() | st.tuples(st.sampled_from([KILL, KILL, *FAULTS.values()]), st.integers(0, 90))


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """Return two runs, each before and after its report, the spec with their pinned numbers, and a key."""
    place = tmp_path_factory.mktemp("stored")
    versions, specs, plain = {}, {}, b""
    for run, changes in (("run", ()), ("other run", OTHERWISE)):
        path, spec = place / run, place / f"{run}.yaml"
        harness.run(LEAST, data=few_rows(), out=path, overrides=changes, progress=False)
        plain = plain or (path / "spec.yaml").read_bytes()
        spec.write_bytes(plain)
        invoked("pin", path, "--into", spec)
        specs[run] = spec.read_bytes()
        reported = RunFolder(path)
        versions[run, "reported"] = contents(reported)
        with reported.amended() as new:
            new.remove("gain_report.json")
            new.write_manifest(reported.manifest())
        versions[run, "no report"] = contents(RunFolder(path))
    key = place / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    return SimpleNamespace(versions=versions, specs=specs, key=key, plain=plain)


def contents(folder):
    return {
        name: (folder.path / name).read_bytes() for name in (*folder.manifest().files, MANIFEST, MANIFEST_SUM)
    }


class Machine(RuleBasedStateMachine):
    """What a run folder, a spec and an archive may be after all that was done: one state each, or two."""

    stored: SimpleNamespace
    verified: list[tuple[str, str]]

    @initialize()
    def begin(self):
        self.root = Path(tempfile.mkdtemp(prefix="any-order-"))
        self.run, self.spec, self.archive = (self.root / name for name in ("run", "spec.yaml", "run.zip"))
        self.spec.write_bytes(self.stored.plain)
        self.spec.chmod(0o600)
        self.state, self.is_signed = None, False

    def teardown(self):
        if self.state not in (None, *self.verified):
            assert invoked("verify", self.run).exit_code == 0
            self.verified.append(self.state)
        shutil.rmtree(self.root)

    def attempt(self, fault, act):
        """Do something, with a fault; return whether it came to its end."""
        kind, at = fault or (None, 0)
        ended = False
        with (
            failing(self.root, at, kind) if fault else nullcontext(),
            suppress(*([Killed, HarnessError] * bool(fault))),
        ):
            act()
            ended = True
        end_of_process(self.root)
        return ended

    def found(self):
        """Return which of the stored runs is in the folder, whole, and whether it is signed."""
        try:
            folder = RunFolder.open(self.run)
        except ArtifactError:
            return None, False
        require_whole(folder)
        (state,) = (name for name, files in self.stored.versions.items() if files == contents(folder))
        return state, (self.run / SIGNATURE).is_file()

    def became(self, ended, new):
        """Take the state on the disk, which is the new one, or after a fault the one before."""
        found, before = self.found(), (self.state, self.is_signed)
        assert found == new if ended else found in (before, new), (found, before, new)
        self.state, self.is_signed = found

    @rule(name=st.sampled_from(["run", "other run"]), resume=st.booleans(), fault=FAULT)
    def make(self, name, resume, fault):
        """Do what `write_run` does to the disk, each file the result of a task."""
        files = self.stored.versions[name, "no report"]

        def act():
            folder = RunFolder.create(self.run)
            with locked(folder.path):
                store = CheckpointStore(folder.inner(CHECKPOINTS))
                if not resume:
                    store.clear()
                with folder.replaced() as new:
                    for file in ("gain.csv", "accuracy.csv"):
                        if store.load(f"{name} {file}") is None:
                            store.save(Checkpoint(f"{name} {file}", {}, files[file], {}))
                    for file in files.keys() - {"gain.csv", "accuracy.csv", MANIFEST, MANIFEST_SUM}:
                        new.write_bytes(file, files[file])
                    for file in ("gain.csv", "accuracy.csv"):
                        new.write_bytes(file, store.load(f"{name} {file}"))
                    for file in (MANIFEST_SUM, MANIFEST):
                        new.write_bytes(file, files[file])
                store.clear()

        new = (name, "no report")
        # A signature of the same manifest is one of the new run too.
        is_signed = self.is_signed and self.state == new
        self.became(self.attempt(fault, act), (new, is_signed))

    @rule(fault=FAULT)
    def report(self, fault):
        if self.state is not None:
            same = self.state[1] == "reported"
            ended = self.attempt(fault, lambda: invoked("report", self.run))
            self.became(ended, ((self.state[0], "reported"), self.is_signed and same))

    @rule(fault=FAULT)
    def sign(self, fault):
        if self.state is not None:
            ended = self.attempt(fault, lambda: invoked("sign", self.run, "--key", self.stored.key))
            self.became(ended, (self.state, True))

    @rule(fault=FAULT)
    def pin(self, fault):
        if self.state is not None:
            before, new = self.spec.read_bytes(), self.stored.specs[self.state[0]]
            ended = self.attempt(fault, lambda: invoked("pin", self.run, "--into", self.spec, "--replace"))
            assert self.spec.read_bytes() in ([new] if ended else [before, new])
            assert self.spec.stat().st_mode & 0o777 == 0o600

    @rule(fault=FAULT)
    def pack(self, fault):
        if self.state is not None:
            before = self.archive.read_bytes() if self.archive.exists() else None
            ended = self.attempt(fault, lambda: invoked("pack", self.run, "--out", self.archive))
            if ended or (self.archive.exists() and self.archive.read_bytes() != before):
                with zipfile.ZipFile(self.archive) as packed:
                    assert packed.testzip() is None
                    own = {name: packed.read(f"run/{name}") for name in self.stored.versions[self.state]}
                    assert own == self.stored.versions[self.state]
                    assert (f"run/{SIGNATURE}" in packed.namelist()) == self.is_signed

    @rule()
    def edit(self):
        """Change a number: nothing is made of it, and nothing lost, until it is put back."""
        if self.state is not None:
            table = self.run / "coefficients.csv"
            before = table.read_bytes()
            table.write_bytes(before.replace(b"0.", b"1.", 1))
            into = ("--key", self.stored.key)
            for words in (
                ("pack", self.run),
                ("report", self.run),
                ("pin", self.run),
                ("sign", self.run, *into),
            ):
                with pytest.raises(ArtifactError, match=r"coefficients\.csv"):
                    invoked(*words)
            table.write_bytes(before)

    @invariant()
    def nothing_else_is_there(self):
        """Nothing is left by what was cut off but what the next command takes up."""
        if hasattr(self, "root"):
            self.became(True, (self.state, self.is_signed))
            assert {path.name for path in self.root.iterdir() if path.suffix != ".tmp"} <= {
                "run",
                "spec.yaml",
                "run.zip",
            }


def in_any_order(stored, monkeypatch, n_sequences):
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)
    monkeypatch.setattr(archive, "own_code", lambda _names: {})  # as where an index has it
    checks = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    chosen = settings(
        max_examples=n_sequences,
        stateful_step_count=12,
        deadline=None,
        suppress_health_check=checks,
        phases=[Phase.generate],
    )
    run_state_machine_as_test(type("Stored", (Machine,), {"stored": stored, "verified": []}), settings=chosen)


needs_ssh = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")


@needs_ssh
def test_a_run_is_old_or_new_whatever_is_done_in_which_order(stored, monkeypatch):
    in_any_order(stored, monkeypatch, 4)


@needs_ssh
@pytest.mark.slow
def test_a_run_is_old_or_new_in_thousands_of_sequences(stored, monkeypatch):
    in_any_order(stored, monkeypatch, int(os.environ.get("HARNESS_SEQUENCES", "2000")))


def tables(out):
    names = (file for file in RunFolder(out).files() if file.endswith((".csv", ".parquet")))
    return {name: (out / name).read_bytes() for name in names if name != "findings.csv"}


def test_what_is_unchanged_is_taken_up_to_the_same_bytes(tmp_path, monkeypatch):
    """The small study, cut off before its tables, beside a run that nothing disturbed."""

    def cut(*_):
        raise ArtifactError(Problem("run", "cut off"))

    options = RunOptions(
        spec=written_spec(SPEC), data=api._data(grunfeld()), out=tmp_path / "run", quick=True, overrides=TINY
    )
    run_study(replace(options, out=tmp_path / "whole"))
    with monkeypatch.context() as patched:
        patched.setattr(run_module, "write_tables", cut)
        with pytest.raises(ArtifactError, match="cut off"):
            run_study(options)
    said = []
    run_study(replace(options, resume=True), on_resumed=said.append)
    assert said == ["4 of 4 results are taken up from the earlier run"]
    assert tables(tmp_path / "run") == tables(tmp_path / "whole")


def test_what_changed_since_a_run_was_cut_off_is_named(tmp_path, monkeypatch):
    def cut(*_):
        raise ArtifactError(Problem("run", "cut off"))

    monkeypatch.setattr(run_module, "write_tables", cut)
    data, fewer = api._data(few_rows()), api._data(few_rows().iloc[:-1])
    least = {**LEAST, "data": {"dataset": "grunfeld"}}
    first = RunOptions(spec=written_spec(least), data=data, out=tmp_path / "run", resume=True)
    messages = []
    for changed in (
        {},
        {"spec": written_spec({**least, "title": "Another"})},
        {"data": fewer, "quick": True, "overrides": ("seed=2",)},
    ):
        with pytest.raises(ArtifactError, match="cut off"):
            run_study(replace(first, **changed), on_resumed=messages.append)
    taken_up = "results are taken up from the earlier run"
    assert messages == [
        f"0 of 3 {taken_up}; computed anew: 3 not finished before",
        f"2 of 2 {taken_up}; changed since then: spec",
        f"0 of 3 {taken_up}; changed since then: data, --quick, --set; "
        "computed anew: 2 changed: panel, seed; 1 changed: panel, fold, seed",
    ]
