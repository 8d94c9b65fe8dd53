"""A spec in YAML and as choices: the part of each column, and the question. Comments are kept."""

from __future__ import annotations

import io
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from harness.plugin import SpecError

# Keys of `roles` that take one column, and those that take several, by the part they stand for.
SINGLE = {"entity": "entity", "time": "time", "exposure": "exposure", "weights": "weights"}
SEVERAL = {
    "outcome": "outcomes",
    "control": "controls",
    "moderator": "moderators",
    "instrument": "instruments",
}
GROUP, GROUPING = "group", "heterogeneity"
PARTS = ("entity", "time", "outcome", "exposure", "control", "moderator", GROUP, "instrument", "weights")

WIDTH = 110


def _yaml() -> YAML:
    yaml = YAML()
    yaml.width, yaml.preserve_quotes, yaml.allow_unicode = WIDTH, True, True
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def read(text: str) -> CommentedMap:
    """Return a spec that can be changed and written again.

    Raises
    ------
    SpecError
        Where it is no mapping of YAML.
    """
    try:
        spec = _yaml().load(text)
    except (YAMLError, ValueError, RecursionError) as error:
        raise SpecError.at("spec", f"is no YAML: {str(error).splitlines()[0]}") from error
    if not isinstance(spec, CommentedMap):
        raise SpecError.at("spec", "is no mapping", "keys such as `roles:`")
    return spec


def written(spec: CommentedMap) -> str:
    """Return the text of a spec."""
    buffer = io.StringIO()
    _yaml().dump(spec, buffer)
    return buffer.getvalue()


def parts_of(spec: Mapping[str, Any]) -> dict[str, str]:
    """Return the part that each column plays, by column; of a damaged spec, what can be read."""
    roles = spec.get("roles")
    roles = roles if isinstance(roles, Mapping) else {}
    parts = dict.fromkeys(_groups(spec), GROUP)
    for part, key in (*SEVERAL.items(), *SINGLE.items()):
        parts |= dict.fromkeys(_listed(roles.get(key)), part)
    return parts


def _groups(spec: Mapping[str, Any]) -> list[str]:
    return [name for one in _scenarios(spec) if one.get("use") == GROUPING for name in _listed(one.get("by"))]


def _scenarios(spec: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    entries = spec.get("scenarios")
    return [one for one in entries if isinstance(one, Mapping)] if isinstance(entries, list) else []


def _listed(value: object) -> list[str]:
    names = value if isinstance(value, list) else [] if value is None else [value]
    return [name for name in names if isinstance(name, str)]


def give_parts(spec: CommentedMap, parts: Mapping[str, str]) -> None:
    """Give columns parts, all others staying as they are; who had a part that only one can have loses it.

    Parameters
    ----------
    parts : by column, those that changed; empty for none
    """
    now = parts_of(spec)
    taken = {part for part in parts.values() if part in SINGLE}
    now = {name: part for name, part in now.items() if part not in taken} | dict(parts)
    roles = spec.get("roles")
    if not isinstance(roles, CommentedMap):
        roles = spec["roles"] = CommentedMap()
    for part, key in SINGLE.items():
        name = next((name for name, other in now.items() if other == part), None)
        if name is not None:
            roles[key] = name
        elif key in roles:
            del roles[key]
    for part, key in SEVERAL.items():
        names = [name for name, other in now.items() if other == part]
        if names != _listed(roles.get(key)) and (names or key in roles):
            _set(roles, key, names)
    groups = [name for name, other in now.items() if other == GROUP]
    if sorted(groups) != sorted(_groups(spec)):
        kept = [
            one
            for one in spec.get("scenarios") or []
            if not (isinstance(one, Mapping) and one.get("use") == GROUPING)
        ]
        spec["scenarios"] = [*kept, *(_flow({"use": GROUPING, "by": name}) for name in groups)]


def _set(roles: CommentedMap, key: str, names: list[str]) -> None:
    """Replace the names of a list where it stands, so that comments around it stay."""
    there = roles.get(key)
    if isinstance(there, CommentedSeq) and there:
        there[:] = names
    else:
        new = CommentedSeq(names)
        new.fa.set_flow_style()
        roles[key] = new


def _flow(value: Mapping[str, object]) -> CommentedMap:
    made = CommentedMap(value)
    made.fa.set_flow_style()
    return made


def ask(spec: CommentedMap, question: str) -> None:
    """Put the parts of a question into a spec; entries that it has by the same name stay as they are."""
    parts = questions()[question]
    for key in ("estimators", "scenarios"):
        wanted, there = parts[key], spec.get(key)
        known = {_name(one): one for one in there} if isinstance(there, list) else {}
        kept = [known[GROUPING]] if GROUPING in known else []
        chosen = [known.get(_name(one), one) for one in wanted] if isinstance(wanted, list) else wanted
        spec[key] = [*chosen, *kept] if kept else chosen
    wanted, there = parts["evaluation"], spec.get("evaluation")
    protocols = there.get("protocols") if isinstance(there, Mapping) else None
    known = {_name(one): one for one in protocols} if isinstance(protocols, list) else {}
    wanted["protocols"][:] = [known.get(_name(one), one) for one in wanted["protocols"]]
    spec.ca.items.pop("evaluation", None)  # what was said of the parts before
    spec["evaluation"] = wanted


def _name(entry: object) -> object:
    return entry.get("id", entry.get("use")) if isinstance(entry, Mapping) else entry


def questions() -> Mapping[str, Any]:
    """Return the parts of a spec by the question that asks for them."""
    parts: Mapping[str, Any] = _yaml().load(files(__package__).joinpath("questions.yaml").read_text("utf-8"))
    return parts
