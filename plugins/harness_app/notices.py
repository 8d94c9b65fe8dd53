"""What the process of a run tells of itself, in lines of the protocol: how far it is, and its result."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError


@dataclass(frozen=True)
class Notice:
    """How far a run is.

    Attributes
    ----------
    progress, total : tasks done, and in all
    message : what runs now
    """

    progress: int
    total: int
    message: str


@dataclass(frozen=True)
class _Words:
    text: str


@dataclass(frozen=True)
class _Result:
    content: list[_Words]
    is_error: Annotated[bool, Field(alias="isError")] = False


@dataclass(frozen=True)
class _Message:
    """A line that the process of a run has written: a notice, or its result."""

    params: Notice | None = None
    result: _Result | None = None


_MESSAGE = TypeAdapter(_Message)


def messages_of(lines: bytes) -> list[_Message]:
    """Return the messages among some lines."""
    messages = []
    for line in lines.splitlines():
        with suppress(ValidationError):
            messages.append(_MESSAGE.validate_json(line))
    return messages


def end_of(path: Path, most: int) -> bytes:
    """Return the last bytes of a file; none where there is no file."""
    with suppress(OSError), path.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - most))
        return file.read()
    return b""
