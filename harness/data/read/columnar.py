"""Reading files of typed columns: parquet, Stata and, with the extra ``files``, SPSS and SAS."""

from __future__ import annotations

import importlib.util
import io
import json
import re
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.data.read import statistics_process
from harness.data.read.number_text import is_exact
from harness.data.read.source import MAX_CELLS, FileReader, Labels, Reading, Source, check_header, is_stata
from harness.errors import DataError
from harness.language import Coded, marked

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

# Most bytes that a file may unpack to.
MAX_UNPACKED = 1 << 31


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
        raise source.misnamed(marked("a parquet file"))
    with source.read_as("parquet"):
        plain = parquet.ParquetFile(pa.BufferReader(source.content))
        names = check_header(plain.schema_arrow.names, source.origin)
        n_rows = plain.metadata.num_rows
        source.refuse_size(n_rows, plain.metadata.num_columns)
        groups = [plain.metadata.row_group(at) for at in range(plain.metadata.num_row_groups)]
        columns = [group.column(at) for group in groups for at in range(group.num_columns)]
        n_values = sum(column.num_values for column in columns)  # a cell may be a list
        source.refuse_size(n_rows, n_values // max(1, n_rows))
        n_bytes = sum(group.total_byte_size for group in groups)
        source.refuse_bytes(n_bytes, MAX_UNPACKED, "unpacks to")
        # Texts that a file has once, for many rows, stay so until it is known how long they are in all.
        texts = [field.name for field in plain.schema_arrow if _is_text(field.type)]
        table = parquet.ParquetFile(pa.BufferReader(source.content), read_dictionary=texts).read()
        n_bytes = sum(_n_bytes(chunk) for column in table.columns for chunk in column.chunks)
        source.refuse_bytes(n_bytes, MAX_UNPACKED, "unpacks to")
        # Whole numbers next to missing cells would become float64, and large ones be rounded unseen.
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
    # Whole numbers with gaps are float64, where float64 holds them exactly.
    for name in [name for name in frame.columns if frame[name].dtype == object]:
        present = frame[name].dropna()
        is_whole = present.map(lambda cell: isinstance(cell, int) and not isinstance(cell, bool))
        if not present.empty and is_whole.all() and present.map(is_exact).all():
            frame[name] = frame[name].astype("float64")
    return Reading(frame)


def _is_text(kind: pa.DataType) -> bool:
    import pyarrow as pa

    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    return value in (pa.string(), pa.large_string(), pa.binary(), pa.large_binary())


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


# Parquet.
PARQUET = FileReader("parquet", (".parquet",), read_parquet)


# First release of the format (that of Stata 14) whose texts are UTF-8.
_UNICODE = 118


def read_stata(source: Source) -> Reading:
    """Read a dta file: numbers, with the labels of columns and of values along with them.

    Texts of releases before Stata 14 are in the encoding of the spec.

    Raises
    ------
    DataError
        Where the file is broken, or texts are not in the encoding.
    """
    import pandas as pd
    from pandas.io.stata import StataReader

    if not is_stata(source.content):
        raise source.misnamed(marked("a Stata file"))
    with source.read_as("Stata"), warnings.catch_warnings(record=True) as warned:
        # pandas warns of texts that are cut within a character, and gives their bytes as latin-1.
        warnings.simplefilter("always", UnicodeWarning)
        opened: Any = StataReader(io.BytesIO(source.content), convert_categoricals=False)
        with opened as reader:
            frame = reader.read()
            of_columns, of_values = reader.variable_labels(), reader.value_labels()
            # pandas tells the sets of value labels, and which column has which by this list alone.
            sets = dict(zip(map(str, frame.columns), reader._lbllist, strict=True))
    new = re.match(rb"<stata_dta><header><release>([0-9]{3})", source.content)
    is_unicode = (int(new[1]) if new else source.content[0]) >= _UNICODE
    decode = str if is_unicode and not warned else _decoder(source, is_unicode=is_unicode)
    frame.columns = pd.Index(check_header([decode(name) for name in frame.columns], source.origin))
    source.refuse_size(*frame.shape)
    values = {name: of_values[key] for name, key in sets.items() if key in of_values}
    return labelled_reading(frame, of_columns, values, decode)


def _decoder(source: Source, *, is_unicode: bool) -> Callable[[str], str]:
    """Return what turns a text as pandas read it into the text that it is, by its bytes."""
    encoding = "utf-8" if is_unicode else source.spec.encoding

    def decode(text: str) -> str:
        if text.isascii():
            return text
        try:
            content = text.encode("latin-1")
        except UnicodeEncodeError:
            return text  # read as UTF-8 already
        try:
            return content.decode(encoding)
        except UnicodeDecodeError as error:
            whole = content[: error.start]
            if error.end == len(content) and not whole.isascii():
                return whole.decode(encoding)  # cut within its last character
            if is_unicode:
                return text
            what = Coded(
                "the text {text} is not {encoding}; files before Stata 14 tell none",
                text=repr(text[:40]),
                encoding=encoding,
            )
            hint = marked("data: encoding: gb18030 (Chinese), or cp1252 (Western European)")
            raise DataError.at(
                source.origin, what, Coded("texts in {encoding}", encoding=encoding), hint
            ) from error

    return decode


def labelled_reading(
    frame: pd.DataFrame,
    labels: Mapping[str, str | None],
    values: Mapping[str, Mapping[Any, Any]],
    decode: Callable[[str], str] = str,
) -> Reading:
    """Return a table of decoded texts, empty ones as missing cells, and with its labels.

    Parameters
    ----------
    labels : of columns, by name
    values : labels of codes, by column
    """
    for name in frame.select_dtypes(include=["object", "string"]).columns:
        frame[name] = frame[name].map(lambda cell: decode(cell) or None if isinstance(cell, str) else cell)
    columns = {decode(name): text for name, label in labels.items() if (text := decode(label or "").strip())}
    of_codes = {
        decode(name): {code: decode(str(label)) for code, label in codes.items()}
        for name, codes in values.items()
    }
    return Reading(frame, labels=Labels(columns, codes=of_codes))


# Stata.
STATA = FileReader("stata", (".dta",), read_stata)


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
        what = Coded("is named as a {suffix} file, but does not begin as one", suffix=suffix)
        raise DataError.at(
            source.origin, what, marked("such a file under this name"), marked("export the data again")
        )
    if importlib.util.find_spec("pyreadstat") is None:
        what = Coded(
            "files ending in '{suffix}' are read by pyreadstat, which is not installed", suffix=suffix
        )
        expected = marked("the extra of the harness for files of SPSS and SAS")
        hint = marked("pip install 'panel-harness[files]', or export the data as csv")
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
            message = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
            raise RuntimeError(message[0] if message and done.returncode > 0 else "the file is damaged")
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
