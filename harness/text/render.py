"""The text of findings and of what stands against them, from code and parameters alone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from harness.findings.finding import caveats_of
from harness.findings.rule import Rule
from harness.findings.run import Run
from harness.findings.sentence import Sentence, plain_data, typed_value
from harness.findings.table import RULES, findings_of
from harness.record.manifest import StudyRecord
from harness.tables.findings import FINDINGS, FindingRow
from harness.text.context import Context, Texts

if TYPE_CHECKING:
    import pandas as pd

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
    context = Context(study, row.outcome, row.estimator)
    text = _text(context, row.code, json.loads(row.params), "TEXTS", texts)
    if text is None:
        return row
    caveats = (_text(Context(study), code, params, "TEXTS", texts) for code, params in caveats_of(row))
    return replace(row, text=text, caveats_text=" ".join(filter(None, caveats)))


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
    for sentences, words in _sources(kind, further):
        for one in sentences:
            if one.code() == code:
                how = words.get(one)
                if how is None:
                    return None
                sentence = typed_value(one, params)
                return context.worded(how, sentence) if isinstance(how, str) else how(context, sentence)
    return None


def _sources(kind: str, further: Texts) -> Iterator[tuple[Texts, Texts]]:
    """Yield the sentences that are known, with their words of one kind."""
    yield further, further
    for topic in TOPICS:
        module = import_module(f"harness.text.{topic}")
        yield module.TEXTS, getattr(module, kind)
