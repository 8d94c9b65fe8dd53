"""Worker processes, started afresh or copied: what calls return and raise there, deaths and ends."""

import os
import signal
import sys
import threading
import time

import pytest

from harness.running.processes import DeadWorkerError, ForkServer, ProcessPool, start_worker

SECONDS = 120
RARE = "xml.dom.pulldom"


ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="copies are made on Linux alone")


@pytest.fixture(params=["new", pytest.param("copied", marks=ON_LINUX)])
def pool(request):
    server = ForkServer(None) if request.param == "copied" else None
    if server:
        server.load(["no_such_module"])
    made = ProcessPool(server.copy, 2, server.end) if server else ProcessPool(start_worker, 2)
    yield made
    made.end()


def test_calls_return_and_raise_as_they_do_here(pool):
    assert pool.submit(divmod, 17, 5).result(timeout=SECONDS) == (3, 2)
    with pytest.raises(ValueError, match="invalid literal"):
        pool.submit(int, "x").result(timeout=SECONDS)
    with pytest.raises(TypeError, match="pickle"):
        pool.submit(threading.Lock).result(timeout=SECONDS)
    with pytest.raises(SystemExit):
        pool.submit(sys.exit, 3).result(timeout=SECONDS)
    assert pool.submit(os.getpid).result(timeout=SECONDS) != os.getpid()


def test_a_worker_that_dies_takes_its_own_call_with_it_and_is_replaced(pool):
    dying, other = pool.submit(os._exit, 7), pool.submit(time.sleep, 1.0)
    with pytest.raises(DeadWorkerError, match="exit code 7"):
        dying.result(timeout=SECONDS)
    assert other.result(timeout=SECONDS) is None
    assert [one.result(timeout=SECONDS) for one in [pool.submit(abs, -n) for n in range(4)]] == [0, 1, 2, 3]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize(
    ("number", "cause"),
    [(signal.SIGKILL, "want of memory: fewer draws"), (signal.SIGSEGV, "a crash of what")],
)
def test_the_signal_that_ended_a_worker_says_what_helps(pool, number, cause):
    with pytest.raises(DeadWorkerError) as raised:
        pool.submit(signal.raise_signal, number).result(timeout=SECONDS)
    assert raised.value.code == -number
    assert raised.value.cause.startswith(f"{number.name} ended it, ")
    assert cause in raised.value.cause


def test_the_end_cuts_off_what_runs_and_cancels_what_waits(pool):
    running = [pool.submit(time.sleep, 600.0) for _ in range(2)]
    while not all(one.running() for one in running):
        time.sleep(0.01)
    waiting, started = pool.submit(abs, -1), time.monotonic()
    pool.end()
    assert time.monotonic() - started < SECONDS
    assert waiting.cancelled()
    for one in running:
        with pytest.raises(DeadWorkerError):
            one.result(timeout=0)


@ON_LINUX
def test_copies_have_what_was_imported_and_end_with_the_process_that_is_copied():
    server = ForkServer(None)
    server.load([RARE])
    worker = server.copy()
    worker.call(exec, f"import sys\nassert {RARE!r} in sys.modules")
    server.end()
    with pytest.raises(DeadWorkerError):
        worker.call(abs, -1)


@ON_LINUX
def test_a_process_that_is_copied_and_killed_is_started_again():
    server = ForkServer(None)
    pool = ProcessPool(server.copy, 1, server.end)
    os.kill(pool.submit(os.getppid).result(timeout=SECONDS), signal.SIGKILL)
    with pytest.raises(DeadWorkerError):
        pool.submit(time.sleep, 600.0).result(timeout=SECONDS)
    assert pool.submit(abs, -1).result(timeout=SECONDS) == 1
    pool.end()
