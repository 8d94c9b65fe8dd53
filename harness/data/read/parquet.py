"""Reading parquet."""

from __future__ import annotations

import pandas as pd

from harness.data.read.header import check_header
from harness.data.read.signature import refuse_signature
from harness.data.read.source import Reading, Source, numbered
from harness.data.read.type_inference import is_exact


def read_parquet(source: Source) -> Reading:
    """Read a parquet file; its column types are kept, and an index that pandas stored is a column.

    Raises
    ------
    DataError
        Where the file is broken, or too large once it is unpacked.
    """
    import pyarrow as pa
    from pyarrow import parquet

    if not source.content.startswith(b"PAR1"):
        refuse_signature(source.content, origin=source.origin, expected="a parquet file")
    with source.read_as("parquet"):
        file = parquet.ParquetFile(pa.BufferReader(source.content))
        names = check_header(file.schema_arrow.names, source.origin)
        source.refuse_size(file.metadata.num_rows, file.metadata.num_columns)
        groups = (file.metadata.row_group(at) for at in range(file.metadata.num_row_groups))
        source.refuse_unpacked(sum(group.total_byte_size for group in groups))
        # Whole numbers beside missing cells would become float64, and large ones be rounded unseen.
        frame = file.read().to_pandas(ignore_metadata=True, integer_object_nulls=True)
    frame.columns = pd.Index(names)
    for name in frame.columns:
        if frame[name].dtype == object:
            frame[name] = _nullable_integers(frame[name])
    return Reading(numbered(frame))


def _nullable_integers(column: pd.Series) -> pd.Series:
    """Return whole numbers with gaps as float64, where float64 holds them exactly."""
    present = column.dropna()
    is_whole = present.map(lambda cell: isinstance(cell, int) and not isinstance(cell, bool))
    if present.empty or not is_whole.all() or not present.map(is_exact).all():
        return column
    return column.astype("float64")
