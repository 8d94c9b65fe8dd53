"""Imports modules one after the other, and writes down which it has begun; a script of its own process."""

from __future__ import annotations

import faulthandler
import importlib
import json
import os
import sys
from contextlib import suppress
from pathlib import Path

WHOLE = "."
"""Last line of what is written where every import came to its end."""


def main(asked: str) -> None:
    """Import what is asked for, and leave; an import that hangs ends the process."""
    wanted = json.loads(asked)
    sys.path[:] = wanted["path"]
    with Path(wanted["told"]).open("a", encoding="utf-8") as told, Path(os.devnull).open("w") as nowhere:
        for module in wanted["modules"]:
            told.write(f"{module}\n")
            told.flush()
            faulthandler.dump_traceback_later(wanted["longest"], exit=True, file=nowhere)
            with suppress(BaseException):  # what it raises is told where it is imported to be used
                importlib.import_module(module)
        told.write(f"{WHOLE}\n")
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
