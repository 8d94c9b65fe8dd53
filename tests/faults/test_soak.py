"""Many small runs in one tree of folders, killed, short of room or two at once: nothing is lost or left over.

`tox -e soak` goes on for an hour, or for HARNESS_SOAK_MINUTES.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import tempfile
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest
from ruamel.yaml import YAML

import harness
from command import SERVED
from harness.audit.integrity import require_whole
from harness.errors import ArtifactError, ExitCode
from harness.plugin import random_stream
from harness.running.files import MANIFEST
from harness.running.folder import RunFolder
from harness.terminal import echo
from small_run import LEAST, few_rows

MINUTES = float(os.environ.get("HARNESS_SOAK_MINUTES", "1"))
N_FOLDERS, N_STUDIES, MOST_RUNS = 5, 3, 500
DISTURBED = ("nothing", "nothing", "kill", "kill", "full disk", "two writers", "kill, two writers")

# Of a file that a process may write before its disk is full, bytes.
ROOM = (0, 200, 3_000, 20_000)


def _command(words, log, room, started):
    """Be the command, in a process of its own, whose files may have so many bytes."""
    for stream in (1, 2):
        os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream)
    from harness import cli

    if room is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
    tempfile.tempdir = str(Path(log).parent / "temporary")
    cli.sys.argv = ["harness", *map(str, words)]
    started.set()
    cli.main()


def begun(words, log, room=None):
    """Return a process that runs the command, once it has begun."""
    started = SERVED.Event()
    process = SERVED.Process(target=_command, args=(words, str(log), room, started))
    process.start()
    started.wait(60)
    return process


def done(words, log):
    """Run the command to its good end."""
    process = begun(words, log)
    process.join()
    assert process.exitcode == 0, log.read_text()[-2_000:]


def present(folder):
    """Return the names of all files and folders in a run folder."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def tables(folder):
    """Return the content of the tables of a run folder, whose hashes hold."""
    require_whole(RunFolder(folder))
    return {name: (folder / name).read_bytes() for name in RunFolder(folder).files() if name.endswith(".csv")}


@pytest.mark.slow
def test_of_many_disturbed_runs_nothing_is_lost_and_no_file_remains(tmp_path, capsys):
    rng, counts, log = random_stream(1, "soak"), Counter(), tmp_path / "log"
    (tmp_path / "temporary").mkdir()
    few_rows().to_csv(tmp_path / "rows.csv")
    wanted, names, begin = {}, {}, time.monotonic()
    for study in range(N_STUDIES):
        spec = {**LEAST, "seed": study, "data": {"path": "rows.csv"}}
        spec["roles"] = {**spec["roles"], "controls": ["capital"] * (study > 0)}
        spec["evaluation"] = {"protocols": [["in_sample"], ["forward"], ["in_sample", "forward"]][study]}
        with (tmp_path / f"{study}.yaml").open("w") as file:
            YAML().dump(spec, file)
        whole = tmp_path / f"whole-{study}"
        done(["run", tmp_path / f"{study}.yaml", "--jobs", 1, "--out", whole], log)
        wanted[study], names[study] = tables(whole), present(whole)
    begin, seconds = time.monotonic(), (time.monotonic() - begin) / N_STUDIES
    while time.monotonic() - begin < 60 * MINUTES and counts["runs"] < MOST_RUNS:
        folder = tmp_path / f"run-{rng.integers(N_FOLDERS)}"
        how, study = DISTURBED[rng.integers(len(DISTURBED))], int(rng.integers(N_STUDIES))
        before = tables(folder) if (folder / MANIFEST).is_file() else None
        words = ["run", tmp_path / f"{study}.yaml", "--jobs", 1, "--out", folder]
        words += ["--resume"] * int(rng.integers(2))
        room = ROOM[rng.integers(len(ROOM))] if how == "full disk" else None
        writers = [begun(words, log, room) for _ in range(1 + ("two" in how))]
        if "kill" in how:
            time.sleep(rng.uniform(0.0, 1.2 * seconds))
            writers[0].kill()
        for process in writers:
            process.join()
        codes = sorted(process.exitcode for process in writers)
        counts.update(["runs", how, *(f"exit {code}" for code in codes)])
        (tmp_path / "counts").write_text(json.dumps(counts))
        allowed = {0, *[-signal.SIGKILL] * ("kill" in how), *[ExitCode.FOLDER] * ("two" in how)}
        allowed |= {ExitCode.MACHINE} if room is not None else set()
        assert {*codes} <= allowed, (how, codes, log.read_text()[-2_000:])
        try:
            RunFolder.open(folder)
        except ArtifactError:
            assert before is None, "a finished run is gone"
        else:
            assert tables(folder) in ([wanted[study]] if 0 in codes else [wanted[study], before])
    for folder in tmp_path.glob("run-*"):
        done(["run", tmp_path / "0.yaml", "--jobs", 1, "--out", folder, "--resume"], log)
        assert tables(folder) == wanted[0]
        assert present(folder) == names[0]
    assert [*(tmp_path / "temporary").iterdir()] == []
    assert "bug in the harness" not in log.read_text()
    with capsys.disabled():
        echo(json.dumps(counts))


@pytest.mark.slow
def test_memory_of_a_process_stays_while_it_runs_one_study_after_the_other(tmp_path):
    held, begin = [], time.monotonic()
    while len(held) < 12 or (time.monotonic() - begin < 6 * MINUTES and len(held) < MOST_RUNS):
        harness.run(LEAST, data=few_rows(), out=tmp_path / f"{len(held) % 2}", progress=False)
        held.append(psutil.Process().memory_info().rss / 2**20)
    assert min(held[-4:]) - max(held[4:8]) < 0.1 * len(held), held
