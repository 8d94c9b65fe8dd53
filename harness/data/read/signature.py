"""What a file is by its first bytes, whatever it is called."""

from __future__ import annotations

from harness.errors import DataError, Problem

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"PAR1", "a parquet file"),
    (b"PK\x03\x04", "a zip archive, as xlsx files and saved models are"),
    (b"<stata_dta>", "a Stata file"),
    (b"\x1f\x8b", "a gzip archive, as R files are"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel file (xls)"),
    (b"\x93NUMPY", "a NumPy file"),
    (b"\x89HDF", "an HDF5 file"),
    (b"ARROW1", "an Arrow file"),
    (b"SQLite format 3", "an SQLite database"),
    (b"RDX", "an R file"),
    (b"%PDF", "a PDF"),
    *(
        (bytes([0x80, protocol]), "a Python pickle, which can run code when it is read")
        for protocol in range(2, 6)
    ),
)

_OLD_STATA = bytes([105, 108, *range(110, 116)])


def signature(content: bytes) -> str:
    """Return what the first bytes say the file is; empty where they say nothing, as with text."""
    if content[:100].lstrip().lower().startswith((b"<!doctype html", b"<html")):
        return "a web page"
    return next((kind for start, kind in _SIGNATURES if content.startswith(start)), "")


def is_stata(content: bytes) -> bool:
    """Return whether the bytes begin as a Stata file of any release."""
    return content.startswith(b"<stata_dta>") or content[:1] in {bytes([release]) for release in _OLD_STATA}


def refuse_signature(content: bytes, *, origin: str, expected: str) -> None:
    """Raise a DataError that says what the file is instead of what its name promises."""
    found = signature(content) or ("empty" if not content else "something else")
    raise DataError(
        Problem(
            where=origin,
            what=f"is named as {expected}, but its first bytes say it is {found}",
            expected=f"{expected} under this name",
            hint="give the file its right extension, or export the data again",
        )
    )
