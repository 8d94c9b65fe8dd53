"""The way into the command: Ctrl-C ends it in order from the start, before its libraries are there."""

from __future__ import annotations

import os
import signal


def _end(number: int, _frame: object) -> None:
    """End at once: nothing was begun that would have to be cleared up."""
    os.write(2, b"interrupted\n")
    os._exit(128 + number)


def main() -> None:
    """Run the command."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)
    # Processes that libraries start, such as a tracker of loky, import nothing from the folder of the user.
    os.environ.setdefault("PYTHONSAFEPATH", "1")
    # All numbers are computed on one thread, and the others of OpenBLAS would idle for a tenth of a second.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from harness.cli import main as command

    command()


if __name__ == "__main__":
    main()
