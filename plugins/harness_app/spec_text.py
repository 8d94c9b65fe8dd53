"""A spec in YAML and as choices: the part of each column, and the question. Comments are kept."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from importlib.resources import files
from typing import Any, TypeVar

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from harness.plugin import Coded, SpecError, marked
from harness.plugin.reporting import rendered

# Parts that one column alone plays, and those that several play, with their keys in `roles`.
SINGLE, SEVERAL = ("entity", "time", "exposure", "weights"), ("outcome", "control", "moderator", "instrument")
ROLES = {part: f"{part}s" for part in SEVERAL} | {part: part for part in SINGLE}
GROUP, GROUPING = "groups", "heterogeneity"

# Labels that `questions.yaml` gives, for the catalogs.
LABELS = (
    *(marked("Best simple"), marked("Pooled OLS"), marked("Fixed effects (entity, time)"), marked("Splines")),
    *(marked("Threshold"), marked("Boosted trees"), marked("Neural network"), marked("SOM + ANN")),
    marked("RAB (bootstrapped SOM + ANN)"),
)


def _yaml() -> YAML:
    yaml = YAML()
    yaml.width, yaml.preserve_quotes, yaml.allow_unicode = 10_000, True, True
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
        what = Coded("is no YAML: {reason}", reason=str(error).splitlines()[0])
        raise SpecError.at("spec", what) from error
    if not isinstance(spec, CommentedMap):
        raise SpecError.at("spec", marked("is no mapping"), marked("keys such as `roles:`"))
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
    for part, key in ROLES.items():
        parts |= dict.fromkeys(_listed(roles.get(key)), part)
    return parts


def _groups(spec: Mapping[str, Any]) -> list[str]:
    return [name for one in _groupings(spec) for name in _listed(one.get("by"))]


def _groupings(spec: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    entries = _entries(spec.get("scenarios"))
    return [one for one in entries if isinstance(one, Mapping) and one.get("use") == GROUPING]


def _entries(value: object) -> list[Any]:
    """Return what stands in a list, for which one entry may stand."""
    return value if isinstance(value, list) else [] if value is None else [value]


def _listed(value: object) -> list[str]:
    return [name for name in _entries(value) if isinstance(name, str)]


def sheets_of(spec: Mapping[str, Any]) -> list[str]:
    """Return the sheets that a spec reads of its first file."""
    data = spec.get("data")
    data = data if isinstance(data, Mapping) else {}
    named = [data, *_entries(data.get("append")), *_entries(data.get("merge"))]
    same = [one for one in named if isinstance(one, Mapping) and one.get("path") == data.get("path")]
    return [name for one in same for name in _listed(one.get("sheet"))]


def give_parts(spec: CommentedMap, parts: Mapping[str, str]) -> None:
    """Give columns parts, or none; who had a part that only one can have loses it, all others stay."""
    now = parts_of(spec)
    new = {name: part for name, part in parts.items() if now.get(name, "") != part}
    taken = {part for part in new.values() if part in SINGLE}
    now = {name: part for name, part in now.items() if part not in taken} | new
    roles = spec.get("roles")
    if not isinstance(roles, CommentedMap):
        roles = spec["roles"] = CommentedMap()
    for part, key in ROLES.items():
        names, there = [name for name, other in now.items() if other == part], roles.get(key)
        if names == _listed(there):
            continue
        if isinstance(there, CommentedSeq):
            there[:] = names  # where it stands, so that comments around it stay
        elif not names:
            del roles[key]
        elif part in SINGLE:
            roles[key] = names[-1]
        else:
            roles[key] = _flow(CommentedSeq(names))
    groups = [name for name, other in now.items() if other == GROUP]
    if sorted(groups) != sorted(_groups(spec)):
        kept = [one for one in _entries(spec.get("scenarios")) if one not in _groupings(spec)]
        added = [_flow(CommentedMap({"use": GROUPING, "by": name})) for name in groups]
        spec["scenarios"] = [*kept, *added]


_Made = TypeVar("_Made", CommentedMap, CommentedSeq)


def _flow(made: _Made) -> _Made:
    """Return a mapping or a list to be written in one line."""
    made.fa.set_flow_style()
    return made


def estimators_of(spec: Mapping[str, Any]) -> list[str]:
    """Return the names of a spec's estimators."""
    return [*map(_name, _entries(spec.get("estimators")))]


def entry_of(spec: Mapping[str, Any], name: str) -> CommentedMap:
    """Return the entry of an estimator, which can have options."""
    entry = _entries(spec["estimators"])[estimators_of(spec).index(name)]
    return entry if isinstance(entry, CommentedMap) else _flow(CommentedMap({"use": entry}))


def options_of(entry: CommentedMap, schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the options of an estimator as the schema of specs has them, with what the spec says of each."""
    options: Mapping[str, Any] = {}
    for choice in schema["$defs"]["EstimatorEntry"]["anyOf"]:
        if choice.get("properties", {}).get("use", {}).get("const") == entry.get("use"):
            options = choice["properties"]
    return [
        {**about, "name": name, "text": _value_text(entry, name), "default": _value_text(about, "default")}
        for name, about in options.items()
        if name != "use"
    ]


def _value_text(entry: Mapping[str, Any], key: str) -> str:
    """Return a value as YAML in one line; nothing where there is none."""
    value = entry.get(key, "")
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def set_options(spec: CommentedMap, name: str, options: Mapping[str, str]) -> None:
    """Set options of an estimator to values in YAML; one without a value has its default."""
    index, entry = estimators_of(spec).index(name), entry_of(spec, name)
    new = {option: text for option, text in options.items() if text != _value_text(entry, option)}
    for option, text in new.items():
        if text:
            entry[option] = read(f"value: {text}")["value"]
        else:
            del entry[option]
    if new:
        spec["estimators"] = _entries(spec["estimators"])
        spec["estimators"][index] = entry


def ask(spec: CommentedMap, question: str) -> None:
    """Put the parts of a question into a spec, labelled in the language in use; entries that it has stay."""
    wanted = questions()[question]
    for entry in wanted["estimators"] if isinstance(wanted["estimators"], list) else ():
        entry["label"] = str(rendered(entry["label"]))
    for key in ("estimators", "scenarios"):
        if isinstance(wanted[key], list):
            groupings = _groupings(spec) if key == "scenarios" else []
            wanted[key] = [*_chosen(wanted[key], spec.get(key)), *groupings]
    there = spec.get("evaluation")
    protocols, there = wanted["evaluation"]["protocols"], there if isinstance(there, Mapping) else {}
    protocols[:] = _chosen(protocols, there.get("protocols"))
    spec.ca.items.pop("evaluation", None)  # what was said of the parts before
    spec.update(wanted)


def question_of(spec: CommentedMap) -> str:
    """Return the question whose parts a spec has already; empty where there is none."""
    for question in questions():
        changed = deepcopy(spec)
        ask(changed, question)
        if changed == spec:
            return question
    return ""


def _chosen(wanted: Sequence[Any], there: object) -> list[Any]:
    """Return the entries that are wanted, as they are there where they are."""
    known = {_name(one): one for one in _entries(there)}
    return [known.get(_name(one), one) for one in wanted]


def _name(entry: object) -> str:
    return str(entry.get("id", entry.get("use")) if isinstance(entry, Mapping) else entry)


def questions() -> Mapping[str, Any]:
    """Return the parts of a spec by the question that asks for them."""
    parts: Mapping[str, Any] = _yaml().load(files(__package__).joinpath("questions.yaml").read_text("utf-8"))
    return parts
