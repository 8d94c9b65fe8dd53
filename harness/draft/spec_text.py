"""A draft as the text of a spec, with comments on what was seen and what is to be looked at."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from harness.draft.columns import FEW
from harness.draft.draft import Draft, draft_of
from harness.draft.found_data import FoundData
from harness.errors import ArtifactError
from harness.registry.catalog import USE, Catalogs
from harness.study.spec.entry import drafted_entries
from harness.study.spec.load import default_protocols, load_study
from harness.study.spec.study import SPEC_VERSION
from harness.study.spec.written import WrittenSpec

_WIDTH = 110


def spec_text(draft: Draft, found: FoundData, catalogs: Catalogs) -> str:
    """Return the YAML text of a study that runs.

    Parameters
    ----------
    draft : roles and what was seen
    found : how the data are read, and what their files call the columns
    catalogs : what is installed, by kind; the estimators are those that their authors propose for a draft
    """
    labels = found.table.labels.columns
    data = CommentedMap({key: _flow(value) for key, value in found.said.items()})
    for key, remark in found.remarks.items():
        data.yaml_add_eol_comment(remark, key)
    if draft.missing:
        data["missing"] = "drop"
        counts = ", ".join(f"{name} {count:,}" for name, count in draft.missing.items())
        data.yaml_add_eol_comment(f"rows with a missing cell are left out: {counts}", "missing")
    spec = CommentedMap(spec_version=SPEC_VERSION, study=_slug(draft.origin), data=data, roles=_roles(draft))
    spec["variables"] = CommentedMap(
        {name: _flow({"label": labels.get(name) or _words(name)}) for name in draft.used}
    )
    entries = drafted_entries(catalogs["estimator"].members, draft.absorbing)
    spec["estimators"] = CommentedSeq([_flow(entry) for entry in entries])
    spec["evaluation"] = CommentedMap(
        reference=entries[0].get("id", entries[0][USE]), protocols=_flow(default_protocols(catalogs))
    )
    has_few_values = draft.columns[draft.exposure].n_values <= FEW
    spec["scenarios"] = CommentedSeq([_flow({USE: "contrast" if has_few_values else "curve"})])
    named = [" and ".join(sorted(keys)) for keys in draft.absorbing]
    absorbed = [
        f"effects of {keys} determine the exposure: no fixed effects of {keys} are drafted" for keys in named
    ]
    needs = catalogs["estimator"].needs
    _comment(spec, draft, [*absorbed, *(f"not here: {name}; {need}" for name, need in needs.items())])
    buffer = io.StringIO()
    yaml = YAML()
    yaml.width = _WIDTH
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.dump(spec, buffer)
    return buffer.getvalue()


def _roles(draft: Draft) -> CommentedMap:
    roles = CommentedMap(
        entity=draft.entity,
        time=draft.time,
        outcomes=_flow([draft.outcome]),
        exposure=draft.exposure,
        moderators=_flow([]),
        controls=_flow(draft.controls),
    )
    roles.yaml_add_eol_comment(
        "along which the effect may change; each gets surfaces from `conditional`", "moderators"
    )
    left_out = [f"left out: {name} ({reason})" for name, reason in draft.left_out.items()]
    if left_out:
        roles.yaml_set_comment_before_after_key("controls", before="\n".join(left_out), indent=2)
    return roles


def _comment(spec: CommentedMap, draft: Draft, remarks: Sequence[str]) -> None:
    entity, time = draft.columns[draft.entity], draft.columns[draft.time]
    rows = entity.codes.size
    whole = entity.n_values * time.n_values
    shape = "balanced" if rows == whole else f"unbalanced: {rows:,} of {whole:,} pairs are there"
    spec.yaml_set_start_comment(
        f"Drafted from {draft.origin}: {rows:,} rows, {entity.n_values:,} entities ('{draft.entity}'), "
        f"{time.n_values:,} periods ('{draft.time}'), {shape}.\n"
        "Roles are guessed from names and values: look at `controls` and at what is left out before you\n"
        "trust a number. `harness validate FILE` checks it, `harness run FILE` runs it."
    )
    notes = {
        "variables": "how tables and figures call the columns; a `unit:` next to each label helps",
        "estimators": "\n".join(
            ["`ladder` instead of the list stands for all entries; see `harness plugins`", *remarks]
        ),
        "evaluation": "gains are over `reference`: in sample, for entities never seen, for later periods",
    }
    for key, note in notes.items():
        spec.yaml_set_comment_before_after_key(key, before=note)


def _flow(value: object) -> Any:  # noqa: ANN401 - ruamel's types hold anything
    """Return a value as it is written: mappings, and lists without one, in one line."""
    if isinstance(value, Mapping):
        mapping = CommentedMap({key: _flow(entry) for key, entry in value.items()})
        mapping.fa.set_flow_style()
        return mapping
    if not isinstance(value, list | tuple):
        return value
    entries = CommentedSeq([_flow(entry) for entry in value])
    if not any(isinstance(entry, Mapping) for entry in entries):
        entries.fa.set_flow_style()
    return entries


def _slug(origin: str) -> str:
    """Return the short name of a study of this file."""
    stem = origin.rsplit("/", 1)[-1].rsplit(".", 1)[0].casefold()
    return re.sub(r"[^a-z0-9]+", "-", stem).strip("-")[:64] or "study"


def _words(name: str) -> str:
    """Return a column's name as words."""
    words = " ".join(name.replace("_", " ").split())
    return words[:1].upper() + words[1:]


def write_draft(found: FoundData, catalogs: Catalogs, *, out: Path) -> None:
    """Write the spec of a first study.

    Parameters
    ----------
    found : the data, with what is known of its columns
    catalogs : what is installed, by kind
    out : the spec

    Raises
    ------
    DataError
        See `draft_of`.
    ArtifactError
        Where the spec exists already, or cannot be written.
    """
    draft = draft_of(found.table.frame, found.answers, origin=found.table.origin)
    text = spec_text(draft, found, catalogs)
    load_study(WrittenSpec(text), catalogs=catalogs)
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise ArtifactError.at(
            str(out), "exists already", "a new file", "name another with --out, or move it away"
        ) from error
    except OSError as error:
        what = f"cannot be written: {error.strerror or error}"
        raise ArtifactError.at(str(out), what, "a place that can be written", "name another") from error
