"""Reading files of SPSS and SAS, with the extra ``files``."""

from __future__ import annotations

import tempfile
from pathlib import Path

from harness.data.read.layout import check_header
from harness.data.read.source import FileReader, Reading, Source
from harness.data.read.table import Labels
from harness.errors import DataError

_READERS = {".sav": "read_sav", ".zsav": "read_sav", ".sas7bdat": "read_sas7bdat", ".xpt": "read_xport"}
_STARTS = {
    ".sav": b"$FL2",
    ".zsav": b"$FL3",
    ".sas7bdat": b"\0" * 12 + b"\xc2\xea\x81\x60",
    ".xpt": b"HEADER RECORD***",
}


def read_statistics_file(source: Source) -> Reading:
    """Read a sav, sas7bdat or xpt file: numbers, with the labels of columns and of values beside them.

    Raises
    ------
    DataError
        Where pyreadstat is not installed, or the file is broken.
    """
    import pandas as pd

    suffix = Path(source.origin).suffix.lower()
    if not source.content.startswith(_STARTS[suffix]):
        what = f"is named as a {suffix} file, but does not begin as one"
        raise DataError.at(source.origin, what, "such a file under this name", "export the data again")
    try:
        import pyreadstat
    except ImportError as error:
        raise DataError.at(
            where=source.origin,
            what=f"files ending in '{suffix}' are read by pyreadstat, which is not installed",
            expected="the extra of the harness for files of SPSS and SAS",
            hint="pip install 'panel-harness[files]', or export the data as csv",
        ) from error
    with source.read_as(suffix[1:]), tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, f"data{suffix}")
        copy.write_bytes(source.content)
        frame, meta = getattr(pyreadstat, _READERS[suffix])(copy)
    frame.columns = pd.Index(check_header(list(frame.columns), source.origin))
    source.refuse_size(*frame.shape)
    labels = Labels(
        {name: label for name, label in meta.column_names_to_labels.items() if label},
        {
            name: {float(number): str(label) for number, label in values.items()}
            for name, values in meta.variable_value_labels.items()
            if all(isinstance(number, int | float) for number in values)
        },
    )
    for name in frame.select_dtypes(include=["object", "string"]).columns:
        frame[name] = frame[name].replace("", None)
    return Reading(frame, labels=labels)


STATISTICS = FileReader("statistics", tuple(_READERS), read_statistics_file)
"""SPSS and SAS."""
