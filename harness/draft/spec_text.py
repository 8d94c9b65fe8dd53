"""A draft as the text of a spec, by a template with comments on what was seen and is to be looked at."""

from __future__ import annotations

import io
import os
import re
from pathlib import Path

from jinja2 import Template
from ruamel.yaml import YAML

from harness.draft.columns import FEW
from harness.draft.draft import Draft, draft_of
from harness.draft.found_data import FoundData
from harness.errors import ArtifactError, PluginError
from harness.estimators.protocol import rivals_of
from harness.language import ENGLISH, Coded, all_of, language_in_use, marked, rendered
from harness.registry.catalog import Catalogs
from harness.running.files import replacing_own
from harness.study.spec.document import WrittenSpec
from harness.study.spec.entry import drafted_entries
from harness.study.spec.load import default_protocols, load_study
from harness.study.spec.study import SPEC_VERSION
from harness.text.plain_text import text_templates, translate_in

_WIDTH = 110


def spec_text(draft: Draft, found: FoundData, catalogs: Catalogs) -> str:
    """Return the YAML text of a study that runs, with comments, labels and report in the language in use.

    Parameters
    ----------
    draft : roles and what was seen
    found : how the data are read, and what their files call the columns
    catalogs : what is installed, by kind; the estimators are those that their authors propose for a draft

    Raises
    ------
    PluginError
        Where no estimator is proposed.
    """
    members = catalogs["estimator"].members
    entries = drafted_entries(members, draft.absorbing)
    if not entries:
        hint = marked("pip install 'panel-harness[standard]'")
        raise PluginError.at("estimators", marked("no plugin is installed that proposes one"), hint=hint)
    return _template("study.yaml.j2").render(
        draft=draft,
        found=found,
        spec_version=SPEC_VERSION,
        study=_slug(found.name),
        entries=[{**entry, "label": str(rendered(entry["label"]))} for entry in entries],
        language="" if (language := language_in_use()) == ENGLISH else language,
        best_simple=str(rendered(marked("Best simple"))),
        has_rivals=any(map(rivals_of, members.values())),
        catalogs=catalogs,
        protocols=_protocols(draft, catalogs),
        few=FEW,
    )


def _protocols(draft: Draft, catalogs: Catalogs) -> list[object]:
    """Return the protocols of a draft, with fewer groups of entities where there are few."""
    few = {"use": "held_out_entities", "folds": draft.n_groups}
    return [
        few if name == few["use"] and draft.n_groups < 5 else name for name in default_protocols(catalogs)
    ]


def summary(draft: Draft, found: FoundData) -> str:
    """Return what a draft took, changed and left out, and how to change it, in lines for the terminal."""
    return _template("summary.txt.j2").render(draft=draft, found=found)


def _template(name: str) -> Template:
    environment = text_templates(__package__)
    translate_in(environment)
    environment.filters |= {"flow": _flow, "line": _line, "said": _said, "thousands": "{:,}".format}
    environment.filters["keys"] = lambda keys: rendered(all_of(sorted(keys)))
    return environment.get_template(name)


def _flow(value: object) -> str:
    """Return a value as YAML in one line, or indented below it where it is long."""
    buffer, yaml = io.StringIO(), YAML()
    yaml.default_flow_style, yaml.width = True, _WIDTH
    yaml.dump(value, buffer)
    lines = buffer.getvalue().removesuffix("...\n").splitlines()
    return "\n      ".join(line.strip() for line in lines)


def _line(text: str) -> str:
    """Return a text in the language in use, on one line, as a comment is."""
    return " ".join(_said(text).split())


def _said(text: str) -> str:
    """Return a message in the language in use, and a name of the data as it is."""
    return rendered(text) if isinstance(text, Coded) else text


def _slug(name: str) -> str:
    """Return the short name of a study of this file."""
    return re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:64] or "study"


def write_draft(found: FoundData, catalogs: Catalogs, *, out: Path) -> Draft:
    """Write the spec of a first study, whole or not at all, and return what it says.

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
    if os.path.lexists(out):
        what, hint = marked("exists already"), marked("name another with --out, or move it away")
        raise ArtifactError.at(str(out), what, marked("a new file"), hint)
    with replacing_own(out) as file:
        file.write(text.encode())
    return draft
