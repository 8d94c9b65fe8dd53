"""What a new plugin and its parts are called."""

from __future__ import annotations

import keyword
import re
import sys
from dataclasses import dataclass

from harness.errors import PluginError, Problem

# Characters of a name.
LONGEST = 64

_DISTRIBUTION = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_PREFIX = "harness_"


@dataclass(frozen=True)
class PluginNames:
    """The names that follow from the one a user gave.

    Attributes
    ----------
    distribution : for pip, as the user wrote it
    package : for import, and of the entry point
    member : what it offers, for ``use:`` in a spec; the package's name, without ``harness_`` at its start
    """

    distribution: str
    package: str
    member: str

    @property
    def class_name(self) -> str:
        """Name of the class."""
        return "".join(word.capitalize() for word in self.member.split("_"))

    @property
    def title(self) -> str:
        """The name in words."""
        return self.member.replace("_", " ")


def read_name(name: str) -> PluginNames:
    """Return the names of a plugin from that of its distribution.

    Raises
    ------
    PluginError
        Where it cannot be the name of a distribution, or no package can be called like it.
    """
    if len(name) > LONGEST or _DISTRIBUTION.fullmatch(name) is None:
        what = "cannot be the name of a distribution"
        expected = (
            f"at most {LONGEST} characters of A-Z, a-z, 0-9, '-', '_' and '.', a letter or digit at both ends"
        )
        raise _refusal(name, what, expected=expected)
    package = re.sub(r"[-_.]+", "_", name).lower()
    if package[0].isdigit():
        raise _refusal(name, "starts with a digit, and no package can", expected="a letter first")
    if keyword.iskeyword(package) or keyword.issoftkeyword(package):
        raise _refusal(name, f"'{package}' is a word of the language, and no package can be called so")
    if package in sys.stdlib_module_names:
        raise _refusal(name, f"'{package}' is a module of the standard library, which the package would hide")
    short = package.removeprefix(_PREFIX)
    return PluginNames(name, package, short if short.isidentifier() else package)


def _refusal(name: str, what: str, *, expected: str = "") -> PluginError:
    return PluginError(Problem(repr(name), what, expected, "choose a name such as harness-nearest"))
