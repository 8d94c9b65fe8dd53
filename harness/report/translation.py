"""A run in the language of its report: names that the harness gives, and findings, made again in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from harness.findings.rule import Rule
from harness.findings.run import Run
from harness.findings.table import RULES, RULES_VERSION
from harness.language import ENGLISH, from_json, marked, rendered, spoken
from harness.record.manifest import Manifest, ProtocolRecord
from harness.tables.findings import FINDINGS
from harness.text.render import findings_rendered, findings_table

# Words that tables hold in English: the keys and what is absorbed, what claims say of curves, effects and
# numbers that are tied, and what checks of them assume.
MESSAGES = (
    *(marked("entity"), marked("time"), marked("entity effects"), marked("time effects")),
    *(marked("entity and time effects"), marked("rising"), marked("falling"), marked("steepening")),
    *(marked("slowing"), marked("narrowing"), marked("widening"), marked("negative"), marked("positive")),
    *(marked("increasing"), marked("decreasing"), marked("minimum"), marked("maximum")),
    *(marked("they do not"), marked("effects that differ between entities may")),
    *(marked("within"), marked("beyond"), marked("one fit")),
    *(marked("one effect for all entities"), marked("one unit system"), marked("rounding")),
)


@contextmanager
def localised(run: Run, *, messages: Sequence[Path] = (), rules: Sequence[Rule] = RULES) -> Iterator[Run]:
    """Write texts in the language of a run's report, and yield the run with its own words in it.

    Tables hold English. What was composed then is looked up among the messages of the folder; the sentences
    of findings are made again from their codes and parameters. Of a folder whose findings other rules made
    they are made from its other tables.

    Parameters
    ----------
    messages : folders of the plugins' catalogs
    rules : with the words of plugins' sentences; of others the table's own, in English, stay
    """
    study = run.manifest.study
    if run.manifest.rules_version != RULES_VERSION:
        run = Run(run.manifest, run.folder, {**run.tables, FINDINGS.name: findings_table(run, rules)})
    with spoken(study.language, messages):
        if study.language == ENGLISH:
            yield run
            return
        manifest = in_words(run.manifest)
        own = findings_rendered(Run(manifest, run.folder, run.tables), rules)
        yield Run(manifest, run.folder, {**run.tables, FINDINGS.name: own})


def in_words(manifest: Manifest) -> Manifest:
    """Return a manifest with the names that the harness gives in the language in use."""
    data, study = manifest.data, manifest.study
    estimators = (replace(entry, label=rendered(entry.label)) for entry in study.estimators)
    metrics = (
        replace(one, title=rendered(one.title), how=_text(one.how, one.how_code)) for one in study.metrics
    )
    return replace(
        manifest,
        study=replace(
            study,
            estimators=tuple(estimators),
            protocols=tuple(map(_protocol, study.protocols)),
            metrics=tuple(metrics),
        ),
        data=replace(
            data, title=_text(data.title, data.title_code), source=_text(data.source, data.source_code)
        ),
        cells=tuple(replace(cell, reason=_text(cell.reason, cell.reason_code)) for cell in manifest.cells),
    )


def _text(text: str, coded: str) -> str:
    """Return a text in the language in use, by its code where it has one."""
    return rendered(from_json(text, coded))


def _protocol(protocol: ProtocolRecord) -> ProtocolRecord:
    """Return a protocol in the language in use; its title may carry its id."""
    suffix = f", {protocol.id}"
    own = protocol.title.removesuffix(suffix)
    return replace(
        protocol,
        title=rendered(own) + (suffix if own != protocol.title else ""),
        how=_text(protocol.how, protocol.how_code),
        leaks=tuple(replace(leak, text=rendered(leak.text)) for leak in protocol.leaks),
    )
