"""What texts call the things that a study names."""

from dataclasses import replace

import pytest

from harness.language import spoken
from harness.study.spec.study import Variable
from harness.text.render import entities, entity_word
from report.fake_run import OUTCOME, manifest, read_manifest


@pytest.mark.parametrize(
    ("label", "word", "plural"),
    [
        ("city", "city", "cities"),
        ("", "nr", "entities"),
        ("man", "man", "men"),
        ("Big box", "big box", "big boxes"),
        ("城市", "city", "cities"),
        ("Company identifier", "company", "companies"),
        ("firm_id", "firm", "firms"),
        ("Country code", "country", "countries"),
        ("Name", "name", "names"),
        ("NUTS", "NUTS", "NUTSes"),
        ("企业代码", "firm", "firms"),
        ("院校代码", "院校", "院校"),
    ],
)
def test_entities_are_called_what_the_study_calls_them_without_the_word_for_identifiers(label, word, plural):
    study = read_manifest(manifest(outcomes={OUTCOME: ("Log wage", "")})).study
    named = replace(study, variables={**study.variables, study.entity: Variable(label=label)})
    assert (entity_word(named), entities(named)) == (word, plural)


@pytest.mark.parametrize(
    ("column", "english", "chinese"),
    [
        ("firm_id", "firms", "企业"),
        ("Country", "countries", "国家"),
        ("省份", "provinces", "省份"),
        ("nr", "entities", "个体"),
    ],
)
def test_a_column_that_is_called_as_what_it_names_gives_the_word_in_both_languages(column, english, chinese):
    study = replace(read_manifest(manifest(outcomes={OUTCOME: ("Log wage", "")})).study, entity=column)
    study = replace(study, variables={})
    assert entities(study) == english
    with spoken("zh"):
        assert entities(study) == chinese
