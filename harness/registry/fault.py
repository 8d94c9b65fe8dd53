"""In whose code an error was raised that nobody has words for."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import accumulate
from traceback import walk_tb
from types import FrameType
from typing import Any

from harness.registry.hooks import PROJECT


def faulty_member(error: BaseException) -> str:
    """Return plugin, kind, member and method that raised an error; empty where no plugin did.

    What a step learned is no member, and is named by the column that it computes.
    """
    frames = [frame for frame, _ in walk_tb(error.__traceback__)]
    own = [(frame, *found) for frame in reversed(frames) if (found := _plugin_of(frame))]
    if not own:
        return ""
    frame, plugin, _ = own[0]
    named = [f", {kind} {name}" for one, _, module in own for kind, name in _members(one, module)][:1]
    selves = (getattr(one.f_locals.get("self"), "__dict__", {}) for one, *_ in own)
    named += [f", column '{into}'" for into in (own.get("into") for own in selves) if into][:1]
    return f"plugin {plugin}{''.join(named)}, {frame.f_code.co_qualname}"


def _plugin_of(frame: FrameType) -> tuple[str, dict[str, Any]] | None:
    """Return the name and the hooks of the package or module of a plugin that runs in a frame."""
    first, *rest = frame.f_globals.get("__name__", "").split(".")
    # The harness's own members come through the same hooks, and are no plugin's.
    for name in accumulate((first, *rest), "{}.{}".format) if first != PROJECT else ():
        inside = vars(sys.modules[name]) if name in sys.modules else {}
        if hooks := {key: own for key, own in inside.items() if hasattr(own, f"{PROJECT}_impl")}:
            return name, hooks
    return None


def _members(frame: FrameType, hooks: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield kind and name of the members of a plugin whose method runs in a frame."""
    for hook, offered in hooks.items():
        for member in offered():
            cls = member if isinstance(member, type) else type(member)
            is_own = isinstance(frame.f_locals.get("self"), cls)
            codes = [getattr(own, "__code__", None) for own in getattr(member, "__dict__", {}).values()]
            if is_own or frame.f_code in codes:
                yield hook.removeprefix(f"{PROJECT}_").removesuffix("s"), member.name
