"""The bytes of a spec file, refused by kind, size and encoding before anything parses them."""

from __future__ import annotations

import re
import stat
from pathlib import Path

from harness.errors import SpecError
from harness.study.spec.node import Mistake, Place, SourceMark, spec_error

MAX_BYTES = 256 * 1024
"""Largest spec that is read; a long one has some ten kilobytes."""

MAX_CONTROL_CHARACTERS = 20
"""Control characters that one error names; a binary file is full of them."""

CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
"""Characters that YAML 1.2 does not allow as they are, and that no name or title needs."""

_BYTE_ORDER_MARK = "\ufeff"


def read_bytes(path: Path) -> bytes:
    """Return the content of a spec file.

    Raises
    ------
    SpecError
        Where this is no regular file, cannot be read, or is larger than `MAX_BYTES`.
    """
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise _refused(path, "this is a directory", hint="name a file in it")
        if not stat.S_ISREG(found.st_mode):
            raise _refused(path, "this is a device or a pipe", hint="save the spec as a file")
        if found.st_size > MAX_BYTES:
            what = f"{found.st_size:,} bytes are too many for a spec"
            raise _refused(path, what, hint=f"keep it under {MAX_BYTES:,} bytes; is this the data file?")
        return path.read_bytes()
    except FileNotFoundError as error:
        hint = "check the path; it is taken from the current directory"
        raise _refused(path, "there is no such file", hint=hint) from error
    except PermissionError as error:
        raise _refused(path, "this file may not be read", hint="change its permissions") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise _refused(path, f"this cannot be read: {reason}", hint="check the path") from error


def decode(path: Path, raw: bytes) -> str:
    """Return the text of a spec, without a byte order mark.

    Raises
    ------
    SpecError
        Where the bytes are not UTF-8, or hold control characters.
    """
    try:
        text = raw.decode("utf-8").removeprefix(_BYTE_ORDER_MARK)
    except UnicodeDecodeError as error:
        place = _place_after(path, raw[: error.start].decode("utf-8"))
        what = f"not UTF-8: byte {error.start} is 0x{raw[error.start]:02X}"
        hint = "save the spec as UTF-8; `encoding:` under `data:` is for the data file"
        raise spec_error([Mistake(place, what, "UTF-8", hint)]) from error
    mistakes = [
        Mistake(_place_after(path, text[: found.start()]), *unprintable(found[0]))
        for found in CONTROL.finditer(text)
    ]
    if mistakes:
        raise spec_error(mistakes[:MAX_CONTROL_CHARACTERS])
    return text


def unprintable(character: str) -> tuple[str, str, str]:
    """Return what is wrong with a control character, what is expected, and a hint."""
    return f"control character U+{ord(character):04X}", "printable characters", "delete the character"


def _refused(path: Path, what: str, *, hint: str) -> SpecError:
    return spec_error(
        [Mistake(Place(SourceMark(str(path))), what, "a regular YAML file that can be read", hint)]
    )


def _place_after(path: Path, before: str) -> Place:
    line = before.count("\n") + 1
    return Place(SourceMark(str(path), line, len(before) - before.rfind("\n")))
