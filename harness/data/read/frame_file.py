"""A table that a script holds in memory, as the file that it would be."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.data.read.header import check_header
from harness.errors import DataError, Problem

if TYPE_CHECKING:
    import pandas as pd

FRAME_FILE = "data.parquet"
"""What messages, the report and the run folder call such data."""


@dataclass(frozen=True)
class FrameFile:
    """Data that are no file yet.

    Attributes
    ----------
    content : of the parquet file that they would be
    """

    content: bytes


def frame_file(frame: pd.DataFrame) -> FrameFile:
    """Return a table as a parquet file: named levels of its index are columns, other indices are left out.

    Equal tables give equal bytes under one version of pyarrow, so their hash tells tables apart.

    Raises
    ------
    DataError
        Where a column has no text for a name, or the name of another, or cells of several types.
    """
    import pyarrow as pa
    from pyarrow import parquet

    levels = [name for name in frame.index.names if name is not None]
    check_header([*levels, *frame.columns], FRAME_FILE)
    table = frame.reset_index(levels)
    buffer = io.BytesIO()
    try:
        arrow = pa.Table.from_pandas(table, preserve_index=False)
    except (pa.ArrowException, TypeError) as error:
        what = f"cells cannot be stored: {'; '.join(map(str, error.args))}"
        expected = "one type for all cells of a column"
        raise DataError(Problem(FRAME_FILE, what, expected, "convert the column")) from error
    parquet.write_table(arrow.replace_schema_metadata(None), buffer)
    return FrameFile(buffer.getvalue())
