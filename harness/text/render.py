"""The text of findings and of what stands against them, and a whole run in the language of its report."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from harness.findings.run import Rule, Run
from harness.findings.sentence import (
    Count,
    Estimate,
    EstimatorId,
    Hundredths,
    MeasuredId,
    ProtocolId,
    PValue,
    Ratio,
    Reason,
    Sentence,
    Share,
    Statistic,
    Stretches,
    VariableId,
    WholeShare,
    Word,
    hints_of,
    plain_data,
    typed_value,
)
from harness.findings.table import RULES, RULES_VERSION, findings_of
from harness.language import ENGLISH, from_json, marked, rendered, spoken, topic
from harness.record.manifest import Manifest, ProtocolRecord, StudyRecord
from harness.study.spec.study import Variable
from harness.tables.findings import FINDINGS, FindingRow
from harness.text.numbers import count, fixed, in_unit, p_text, percent, plain, significant, with_interval
from harness.text.plain_text import joined, listed
from harness.text.scale import in_units, scaled_estimate, step_text

if TYPE_CHECKING:
    import pandas as pd


gettext = topic("text.render")


# Plurals of the study's word for its entities that no rule gives.
IRREGULAR = {"man": "men", "woman": "women", "person": "people", "child": "children"}


# What one entity is called, and several, by words of columns and labels.
NOUNS: Mapping[str, tuple[str, str]] = {
    "firm": (marked("firm"), marked("firms")),
    "company": (marked("company"), marked("companies")),
    "bank": (marked("bank"), marked("banks")),
    "industry": (marked("industry"), marked("industries")),
    "city": (marked("city"), marked("cities")),
    "county": (marked("county"), marked("counties")),
    "province": (marked("province"), marked("provinces")),
    "region": (marked("region"), marked("regions")),
    "country": (marked("country"), marked("countries")),
    "person": (marked("person"), marked("people")),
    "household": (marked("household"), marked("households")),
    "school": (marked("school"), marked("schools")),
}
_NOUNS_OF = {
    "企业": "firm",
    "公司": "company",
    "证券": "company",
    "股票": "company",
    "银行": "bank",
    "行业": "industry",
    "城市": "city",
    "县": "county",
    "省": "province",
    "省份": "province",
    "地区": "region",
    "国家": "country",
    "stkcd": "company",
    "iso3": "country",
    "isocode": "country",
    "个人": "person",
    "家庭": "household",
}


def _noun(study: StudyRecord) -> tuple[str, str] | None:
    """Return what one entity and several are called, where label or column is a known word."""
    label = study.label(study.entity).lower()
    return NOUNS.get(_NOUNS_OF.get(label, label))


def entities(study: StudyRecord) -> str:
    """Return what the study calls its entities, such as ``cities``; ``entities`` where it has no word.

    Another label in Latin letters has no plural in another language than English unless the study gives it.
    """
    variable = study.variables.get(study.entity, Variable())
    if variable.plural:
        return variable.plural
    if noun := _noun(study):
        return rendered(noun[1])
    word, general = entity_word(study) if variable.label else "", gettext("entities")
    if not word or (word.isascii() and general != "entities"):
        return general
    return _plural(word) if word.isascii() else word


def entity_word(study: StudyRecord) -> str:
    """Return what the study calls an entity, as within a sentence: ``company`` of ``Company identifier``."""
    if noun := _noun(study):
        return rendered(noun[0])
    label = study.label(study.entity)
    return label[:1].lower() + label[1:] if label[1:].islower() and label.isascii() else label


def _plural(word: str) -> str:
    start, _, last = word.rpartition(" ")
    small = last.lower()
    if small in IRREGULAR:
        plural = IRREGULAR[small]
    elif small.endswith("y") and small[-2:-1] not in "aeiou":
        plural = f"{last[:-1]}ies"
    else:
        plural = last + ("es" if small.endswith(("s", "x", "z", "ch", "sh")) else "s")
    return f"{start} {plural}".strip()


def quoted(study: StudyRecord, protocols: Iterable[str], last: Literal["and", "or"] = "and") -> str:
    """Return the protocols' titles in quotation marks, as a list."""
    return joined([f"“{study.protocol_title(protocol)}”" for protocol in protocols], last)


# How what a sentence holds is shown, by its type; all else stands as it is given.
SHOWN: Mapping[Any, Callable[[StudyRecord, Any], str]] = {
    EstimatorId: StudyRecord.estimator_label,
    VariableId: StudyRecord.label,
    MeasuredId: StudyRecord.axis_label,
    ProtocolId: StudyRecord.protocol_title,
    tuple[ProtocolId, ...]: quoted,
    tuple[VariableId, ...]: lambda study, names: joined([study.label(name) for name in names]),
    tuple[str, ...]: lambda _, names: joined(names),
    **dict.fromkeys((Word, Reason), lambda _, text: rendered(text)),
    tuple[Word, ...]: lambda _, words: joined([rendered(word) for word in words]),
    Count: lambda _, n: count(n),
    PValue: lambda _, value: p_text(value),
    tuple[PValue, ...]: lambda _, values: listed(map(p_text, values)),
    Share: lambda _, share: percent(share),
    WholeShare: lambda _, share: percent(share, 0),
    Ratio: lambda _, value: significant(value, 3),
    Hundredths: lambda _, value: fixed(value, 2),
    Statistic: lambda _, value: fixed(value, 1),
    Estimate: lambda _, estimate: with_interval(*estimate),
    tuple[Estimate, ...]: lambda _, estimates: joined([with_interval(*one) for one in estimates]),
}


@dataclass(frozen=True)
class Context:
    """What a sentence is about: a study, and the outcome and estimator where it has one.

    Attributes
    ----------
    is_established : whether it may state a direction
    """

    study: StudyRecord
    outcome: str = ""
    estimator: str = ""
    is_established: bool = True

    def filled(self, message: str, /, **given: object) -> str:
        """Return a message in the language in use, its fields filled with texts."""
        study = self.study
        known = {"entity": study.entity, "entities": entities(study)}
        known |= {"estimator": study.estimator_label(self.estimator), "outcome": study.label(self.outcome)}
        return rendered(message).format_map({**known, **given})

    def worded(self, message: str, sentence: Any, /, **given: object) -> str:  # noqa: ANN401 - a dataclass
        """Return a message, filled with the fields of a sentence as `SHOWN` says, and with texts."""
        shown = {
            name: SHOWN[hint](self.study, value) if hint in SHOWN else value
            for name, hint in hints_of(type(sentence)).items()
            for value in (getattr(sentence, name),)
        }
        return self.filled(message, **{**shown, **given})

    def amount(self, estimate: Estimate, exposure: str) -> str:
        """Return what a step of the exposure changes, with its interval, in the outcome's unit."""
        shown = scaled_estimate(self.study, estimate, [exposure], self.outcome)
        return in_units(self.study, with_interval(*shown), self.outcome)

    def effect(self, estimate: Estimate, exposure: str) -> str:
        """Return a slope in the outcome's unit per step of the exposure; alone where that is there or not."""
        study, step, number = self.study, step_text(self.study, exposure), self.amount(estimate, exposure)
        if step:
            return self.filled("{number} per {step}", number=number, step=step)
        has_unit = study.scale(exposure).kind != "binary" and any(map(study.unit, (self.outcome, exposure)))
        return self.filled("{number} per unit", number=number) if has_unit else number


# The words of sentences by their class: a message, filled as types say, or what makes the text.
Texts = Mapping[type[Sentence], str | Callable[[Context, Any], str]]


# Modules of this package with the words of sentences; one is imported where those before lack a code.
TOPICS = ("gains", "effects", "curves", "multiverse")

NO_TEXTS: Texts = MappingProxyType({})


def findings_table(run: Run, rules: Sequence[Rule] = RULES) -> pd.DataFrame:
    """Return every finding of a run with its text in English, as the table of findings has it.

    Parameters
    ----------
    rules : of the harness and of plugins
    """
    import pandas as pd

    study, texts = run.manifest.study, texts_of(rules)
    rows = [with_text(row, study, texts) for row in findings_of(run, rules)]
    return pd.DataFrame({name: [getattr(row, name) for row in rows] for name in FINDINGS.columns})


def texts_of(rules: Iterable[Rule]) -> Texts:
    """Return the words of all sentences of plugins' rules."""
    return {sentence: words for rule in rules for sentence, words in rule.codes.items()}


def findings_rendered(run: Run, rules: Sequence[Rule] = RULES) -> pd.DataFrame:
    """Return the table of findings as it is, its texts made again in the language in use."""
    texts = texts_of(rules)
    rows = [with_text(row, run.manifest.study, texts) for row in run.rows(FINDINGS)]
    return run.frame(FINDINGS.name).assign(
        text=[row.text for row in rows], caveats_text=[row.caveats_text for row in rows]
    )


def sentence_text(sentence: Sentence, study: StudyRecord, *, outcome: str = "", estimator: str = "") -> str:
    """Return a sentence of the harness's own in the language in use."""
    context, params = Context(study, outcome, estimator), plain_data(sentence)
    return _text(context, sentence.code(), params, "TEXTS", NO_TEXTS) or ""


def with_text(row: FindingRow, study: StudyRecord, texts: Texts = NO_TEXTS) -> FindingRow:
    """Return a finding with its text and its caveats in the language in use.

    Parameters
    ----------
    texts : words of further sentences, such as a plugin's; of a code that nobody has words for the text stays
    """
    context = Context(study, row.outcome, row.estimator, row.is_established)
    text = _text(context, row.code, json.loads(row.params), "TEXTS", texts)
    if text is None:
        return row
    return replace(row, text=text, caveats_text=" ".join(text for text, _ in caveat_texts(row, study, texts)))


def caveat_texts(row: FindingRow, study: StudyRecord, texts: Texts = NO_TEXTS) -> Iterator[tuple[str, bool]]:
    """Yield what stands against a finding, in the language in use, and whether that blocks it."""
    for one in json.loads(row.caveats):
        if text := _text(
            Context(study, row.outcome, row.estimator), one["code"], one["params"], "TEXTS", texts
        ):
            yield text, one["is_blocking"]


def finding_label(row: FindingRow, study: StudyRecord) -> str:
    """Return what a finding is about, in the language in use; its text where it has no other name."""
    context = Context(study, row.outcome, row.estimator)
    return _text(context, row.code, json.loads(row.params), "LABELS", NO_TEXTS) or row.text


def _text(context: Context, code: str, params: Mapping[str, Any], kind: str, further: Texts) -> str | None:
    """Return the text of a code; None where there are no words for it.

    Parameters
    ----------
    params : of its sentence, as plain data
    kind : name of the words in the modules of `TOPICS`
    further : words that are looked up first
    """
    more = ((one, how) for one, how in further.items() if one.code() == code)
    one, how = next(more, _known(kind).get(code, (None, None)))
    if one is None or how is None:
        return None
    sentence = typed_value(one, params)
    return context.worded(how, sentence) if isinstance(how, str) else how(context, sentence)


@cache
def _known(kind: str) -> Mapping[str, tuple[type[Sentence], str | Callable[[Context, Any], str]]]:
    """Return the harness's own sentences that have words of one kind, by code, with these."""
    modules = [import_module(f"harness.text.{name}") for name in TOPICS]
    words = ((one, getattr(module, kind).get(one)) for module in modules for one in module.TEXTS)
    return {one.code(): (one, how) for one, how in words if how is not None}


def stretches_text(stretches: Stretches) -> str:
    """Return stretches of a grid in words: ``from 2 to 5 and at 9``."""
    one, several = gettext("at {first}"), gettext("from {first} to {last}")
    parts = [(one if first == last else several, plain(first), plain(last)) for first, last in stretches]
    return joined([words.format(first=first, last=last) for words, first, last in parts])


def sides(stretches: Mapping[str, Stretches], unit: str = "") -> list[str]:
    """Return each side, a message, that holds anywhere, with its stretches."""
    return [
        rendered(words).format(stretches=in_unit(stretches_text(side), unit))
        for words, side in stretches.items()
        if side
    ]


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
        replace(one, title=rendered(one.title), how=_in_language(one.how, one.how_code))
        for one in study.metrics
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
            data,
            title=_in_language(data.title, data.title_code),
            source=_in_language(data.source, data.source_code),
        ),
        cells=tuple(
            replace(cell, reason=_in_language(cell.reason, cell.reason_code)) for cell in manifest.cells
        ),
    )


def _in_language(text: str, coded: str) -> str:
    """Return a text in the language in use, by its code where it has one."""
    return rendered(from_json(text, coded))


def _protocol(protocol: ProtocolRecord) -> ProtocolRecord:
    """Return a protocol in the language in use; its title may carry its id."""
    suffix = f", {protocol.id}"
    own = protocol.title.removesuffix(suffix)
    return replace(
        protocol,
        title=rendered(own) + (suffix if own != protocol.title else ""),
        how=_in_language(protocol.how, protocol.how_code),
        leaks=tuple(replace(leak, text=rendered(leak.text)) for leak in protocol.leaks),
    )
