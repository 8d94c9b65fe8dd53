"""Reading parquet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.data.read.number_text import is_exact
from harness.data.read.source import FileReader, Reading, Source, check_header, refuse_signature

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def read_parquet(source: Source) -> Reading:
    """Read a parquet file; its column types are kept, and an index that pandas stored is a column.

    Raises
    ------
    DataError
        Where the file is broken, or too large once it is unpacked.
    """
    import pandas as pd
    import pyarrow as pa
    from pyarrow import parquet

    if not source.content.startswith(b"PAR1"):
        refuse_signature(source.content, origin=source.origin, expected="a parquet file")
    with source.read_as("parquet"):
        plain = parquet.ParquetFile(pa.BufferReader(source.content))
        names = check_header(plain.schema_arrow.names, source.origin)
        source.refuse_size(plain.metadata.num_rows, plain.metadata.num_columns)
        groups = [plain.metadata.row_group(at) for at in range(plain.metadata.num_row_groups)]
        columns = [group.column(at) for group in groups for at in range(group.num_columns)]
        source.refuse_size(sum(column.num_values for column in columns), 1)  # a cell may be a list
        source.refuse_unpacked(sum(group.total_byte_size for group in groups))
        # Texts that a file has once, for many rows, stay so until it is known how long they are in all.
        texts = [field.name for field in plain.schema_arrow if _is_text(field.type)]
        table = parquet.ParquetFile(pa.BufferReader(source.content), read_dictionary=texts).read()
        source.refuse_unpacked(sum(_n_bytes(chunk) for column in table.columns for chunk in column.chunks))
        # Whole numbers beside missing cells would become float64, and large ones be rounded unseen.
        frame = table.cast(_spelled_out(table.schema)).to_pandas(
            ignore_metadata=True, integer_object_nulls=True
        )
        # Nothing else takes cells that are lists or records: they are neither numbers nor names.
        for field in table.schema:
            if pa.types.is_nested(field.type):
                frame[field.name] = frame[field.name].map(str, na_action="ignore")
        del table, plain
    # As much as the file held unpacked, which nothing else would use.
    pa.default_memory_pool().release_unused()
    frame.columns = pd.Index(names)
    for name in frame.columns:
        if frame[name].dtype == object:
            frame[name] = _nullable_integers(frame[name])
    return Reading(frame)


def _is_text(kind: pa.DataType) -> bool:
    from pyarrow import types

    value = kind.value_type if types.is_dictionary(kind) else kind
    return bool(
        types.is_string(value)
        or types.is_large_string(value)
        or types.is_binary(value)
        or types.is_large_binary(value)
    )


def _n_bytes(chunk: pa.Array) -> int:
    """Return how many bytes a column's cells take once each has its own text."""
    from pyarrow import compute, types

    if types.is_dictionary(chunk.type) and _is_text(chunk.type):
        lengths = compute.binary_length(chunk.dictionary).cast("int64")
        return int(compute.sum(lengths.take(chunk.indices)).as_py() or 0)
    if types.is_fixed_size_binary(chunk.type):
        return int(chunk.type.byte_width) * len(chunk)
    return int(chunk.nbytes)


def _spelled_out(schema: pa.Schema) -> pa.Schema:
    """Return a schema in which each cell has its own text."""
    import pyarrow as pa
    from pyarrow import types

    kinds = [
        kind.value_type if types.is_dictionary(kind) and _is_text(kind) else kind for kind in schema.types
    ]
    return pa.schema([field.with_type(kind) for field, kind in zip(schema, kinds, strict=True)])


def _nullable_integers(column: pd.Series) -> pd.Series:
    """Return whole numbers with gaps as float64, where float64 holds them exactly."""
    present = column.dropna()
    is_whole = present.map(lambda cell: isinstance(cell, int) and not isinstance(cell, bool))
    if present.empty or not is_whole.all() or not present.map(is_exact).all():
        return column
    return column.astype("float64")


# Parquet.
PARQUET = FileReader("parquet", (".parquet",), read_parquet)
