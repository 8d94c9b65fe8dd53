"""Reading files of SPSS and SAS, with the extra ``files``."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from harness.data.read import statistics_process
from harness.data.read.columnar import labelled_reading
from harness.data.read.source import MAX_CELLS, FileReader, Reading, Source, check_header
from harness.errors import DataError

# First bytes of a file, and what of pyreadstat reads it.
_STATISTICS = {
    ".sav": (b"$FL2", "read_sav"),
    ".zsav": (b"$FL3", "read_sav"),
    ".sas7bdat": (b"\0" * 12 + b"\xc2\xea\x81\x60", "read_sas7bdat"),
    ".xpt": (b"HEADER RECORD***", "read_xport"),
}

# Ending of a file of SAS with the labels of values.
CATALOG = ".sas7bcat"

# Seconds after which the reading is given up.
_LONGEST = 600.0


def read_statistics_file(source: Source) -> Reading:
    """Read a sav, sas7bdat or xpt file: its columns, with the labels of columns and of values.

    Those of values of a sas7bdat file are in its catalog. It is read in a process of its own, since a
    damaged file can end the process that reads it.

    Raises
    ------
    DataError
        Where pyreadstat is not installed, or the file is broken.
    """
    import pandas as pd

    suffix = Path(source.origin).suffix.lower()
    start, function = _STATISTICS[suffix]
    if not source.content.startswith(start):
        what = f"is named as a {suffix} file, but does not begin as one"
        raise DataError.at(source.origin, what, "such a file under this name", "export the data again")
    if importlib.util.find_spec("pyreadstat") is None:
        what = f"files ending in '{suffix}' are read by pyreadstat, which is not installed"
        expected = "the extra of the harness for files of SPSS and SAS"
        hint = "pip install 'panel-harness[files]', or export the data as csv"
        raise DataError.at(source.origin, what, expected, hint)
    with source.read_as(suffix[1:]), tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, f"data{suffix}")
        copy.write_bytes(source.content)
        catalog = copy.with_suffix(CATALOG)
        files = [str(copy), *([str(catalog)] if source.catalog else [])]
        catalog.write_bytes(source.catalog)
        done = subprocess.run(  # noqa: S603 - this interpreter, and a file of the harness
            [sys.executable, "-P", statistics_process.__file__, function, str(MAX_CELLS), *files],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_LONGEST,
            check=False,
        )
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
            raise RuntimeError(said[0] if said and done.returncode > 0 else "the file is damaged")
        frame = pd.read_parquet(Path(folder, statistics_process.TABLE))
        columns, values = json.loads(Path(folder, statistics_process.LABELS).read_text(encoding="utf-8"))
        frame.columns = pd.Index(check_header(list(frame.columns), source.origin))
        source.refuse_size(*frame.shape)
        return labelled_reading(frame, columns, {name: dict(codes) for name, codes in values.items()})


# SPSS and SAS.
STATISTICS = FileReader("statistics", tuple(_STATISTICS), read_statistics_file)


def find_catalog(path: Path) -> str | None:
    """Return the name of the catalog next to a file of SAS: its own name, or that SAS gives by itself."""
    names = (f"{path.stem}{CATALOG}", f"formats{CATALOG}") if path.suffix.lower() == ".sas7bdat" else ()
    return next((name for name in names if path.with_name(name).is_file()), None)
