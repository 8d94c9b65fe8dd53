"""The sections of what was run: variables, diagnostics, estimators and warnings; and how to reproduce it."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence

from harness.findings.run import Run
from harness.language import marked, pgettext, rendered, topic
from harness.record.manifest import EstimatorRecord, Manifest, StudyRecord, options_in_words
from harness.report import blocks
from harness.report import blocks as parts
from harness.report.sections.section import Section
from harness.tables.coefficients import DIAGNOSTICS, STATISTICS, DiagnosticRow, StatisticRow
from harness.tables.findings import FINDINGS
from harness.tables.preparation import PREPARATION, SUMMARY, VariableRow
from harness.tables.table import NOT_DONE
from harness.text.numbers import count, fixed, p_text, plain, significant
from harness.text.plain_text import capitalised, in_turn, listed

gettext = topic("report.record")


# How tests are called, in their order; one that is not here has its name as the table has it.
TESTS: Mapping[str, str] = {
    "slopes": marked("Wald test of the slopes"),
    "f_effects": marked("F test of the effects"),
    "breusch_pagan": marked("Breusch–Pagan LM test"),
    "hausman": marked("Hausman test"),
    "mundlak": marked("Mundlak test"),
    "serial_correlation": marked("Wooldridge test"),
    "cross_section_dependence": marked("Pesaran CD test"),
    "heteroscedasticity": marked("Breusch–Pagan test of heteroskedasticity"),
    "white": marked("White test"),
    "reset": marked("Ramsey RESET test"),
    "moran": marked("Moran's I"),
    "lm_error": marked("LM test, spatial error"),
    "lm_lag": marked("LM test, spatial lag"),
    "lm_error_robust": marked("Robust LM test, spatial error"),
    "lm_lag_robust": marked("Robust LM test, spatial lag"),
    "durbin_to_lag": marked("Wald test, spatial lag is enough"),
    "durbin_to_error": marked("Wald test, spatial error is enough"),
    "first_stage": marked("First-stage F test"),
    "overidentification": marked("Overidentification test"),
    "autocorrelation_1": marked("Arellano–Bond test, order 1"),
    "autocorrelation_2": marked("Arellano–Bond test, order 2"),
    "exogeneity": marked("Exogeneity test"),
    "equal_slopes": marked("Wald test of equal slopes at all quantiles"),
}

# Statistics that are shown, in their order; the run folder has all of them, each with its definition.
NAMED_STATISTICS: Mapping[str, str] = {
    "n_obs": marked("Rows"),
    "n_entities": marked("Entities"),
    "n_instruments": marked("Instruments"),
    "r2_within": marked("R² within entities"),
    "r2_between": marked("R² between"),
    "r2_overall": marked("R² overall"),
    "r2_dummies": marked("R² with the effects"),
    "sigma": marked("Standard error of the regression"),
    "long_run_effect": marked("Effect in the long run"),
    "variance_entity": marked("Variance between entities"),
    "variance_idiosyncratic": marked("Variance of the rest"),
    "log_likelihood": marked("Log likelihood"),
    "aic": "AIC",
    "bic": "BIC",
}

SYMBOLS: Mapping[str, str] = {"F": "F", "chi2": "χ²", "noncentral chi2": "χ²", "normal": "z"}

# The table of what estimators chose by themselves, and its columns that are no options.
SEARCH, SEARCH_KEYS = "details/search", ("outcome", "estimator", "selection_nmse", "chosen")


def diagnostic_blocks(run: Run) -> Iterator[blocks.ReportBlock]:
    """Yield to the appendix the diagnostics for every outcome."""
    study = run.manifest.study
    yield blocks.Appendix(
        (blocks.tabs_of((study.label(outcome), _outcome_blocks(run, outcome)) for outcome in study.outcomes),)
    )


def _outcome_blocks(run: Run, outcome: str) -> Iterator[blocks.ReportBlock]:
    tests, statistics = (run.rows(DIAGNOSTICS, outcome=outcome), run.rows(STATISTICS, outcome=outcome))
    having = {row.estimator for row in tests} | {row.estimator for row in statistics}
    entries = [entry for entry in run.manifest.study.estimators if entry.id in having]
    if conclusions := tuple(row.text for row in run.rows(FINDINGS, outcome=outcome, finding="fit_test")):
        yield blocks.Bullets(conclusions)
    if entries:
        yield diagnostic_table(run.manifest.study.label(outcome), entries, tests, statistics)
    if rows := tuple(selections(run, outcome)):
        words = gettext("What estimators chose by themselves for {label}, all rows of the panel")
        yield parts.ReportTable(
            caption=words.format(label=run.manifest.study.label(outcome)),
            columns=parts.columns_of(
                *(gettext("Estimator"), gettext("Candidates"), parts.text_column(gettext("Chosen"))),
                gettext("MSE / variance,\nrows to select on"),
            ),
            groups=parts.plain_rows(rows),
        )


def diagnostic_table(
    label: str,
    entries: Sequence[EstimatorRecord],
    tests: Sequence[DiagnosticRow],
    statistics: Sequence[StatisticRow],
) -> parts.ReportTable:
    """Return the tests and statistics of all fits for one outcome, an estimator a column."""
    names, found = [entry.id for entry in entries], dict.fromkeys(row.test for row in tests)
    in_order = [*(name for name in TESTS if name in found), *(name for name in found if name not in TESTS)]
    rows = [_test_row(name, tests, names) for name in in_order]
    groups = ("", rows), (gettext("Statistics"), list(_statistic_rows(statistics, names)))
    what = gettext("Test, and what is true if its statistic is small")
    return parts.ReportTable(
        caption=gettext("Tests and statistics of the fits for {label}, all rows").format(label=label),
        columns=parts.columns_of(what, *(entry.label for entry in entries)),
        groups=parts.row_groups(groups),
        notes=(gettext("Sources and definitions: details/diagnostics.csv and details/statistics.csv."),),
    )


def _test_row(test: str, rows: Sequence[DiagnosticRow], names: Sequence[str]) -> parts.TableRow:
    own = {row.estimator: row for row in rows if row.test == test}
    null = in_turn(dict.fromkeys(rendered(row.null_hypothesis) for row in own.values() if row.is_done))
    kind, of, variable = test.partition(" (")
    label = rendered(TESTS.get(kind, capitalised(kind.replace("_", " ")))) + of + variable
    cells: list[parts.Given] = [_test(own[name]) if name in own else "" for name in names]
    return parts.TableRow((parts.TableCell(label, (null,) if null else ()), *cells))


def _test(row: DiagnosticRow) -> parts.TableCell:
    if not row.is_done:
        return parts.reason_cell(rendered(row.status), row)
    degrees = ", ".join(plain(number) for number in (row.df1, row.df2) if math.isfinite(number))
    symbol = SYMBOLS.get(row.distribution, row.distribution)
    p_value = p_text(row.p_value)
    return parts.TableCell(
        f"{symbol}{f'({degrees})' if degrees else ''} = {significant(row.statistic)}",
        (p_value,) if p_value else (),
        reason=rendered(row.caution),
    )


def _statistic_rows(rows: Sequence[StatisticRow], names: Sequence[str]) -> Iterator[parts.TableRow]:
    found = {(row.statistic, row.estimator): row.value for row in rows}
    for name, label in NAMED_STATISTICS.items():
        values = [found.get((name, estimator)) for estimator in names]
        if any(value is not None for value in values):
            yield parts.TableRow((rendered(label), *(_statistic(name, value) for value in values)))


def _statistic(name: str, value: float | None) -> str:
    if value is None:
        return ""
    if name.startswith("n_"):
        return count(int(value))
    return fixed(value, 3) if name.startswith("r2") else significant(value)


def selections(run: Run, outcome: str) -> Iterator[tuple[parts.Given, ...]]:
    """Yield what estimators chose for an outcome: label, number of candidates, options, selection error."""
    frame = run.frame(SEARCH)
    own = frame if frame.empty else frame[frame["outcome"] == outcome]
    names = [str(name) for name in frame.columns if name not in SEARCH_KEYS]
    for estimator, compared in () if own.empty else own.groupby("estimator", sort=False):
        for chosen in compared[compared["chosen"].astype(str) == "True"].head(1).to_dict("records"):
            options = {name: chosen[name] for name in names if compared[name].notna().all()}
            shown = (
                f"{name} {plain(value) if isinstance(value, float) else value}"
                for name, value in options.items()
            )
            label, error = run.manifest.study.estimator_label(str(estimator)), chosen["selection_nmse"]
            yield label, count(len(compared)), parts.code_cell(", ".join(shown)), fixed(float(error), 3)


DIAGNOSTICS_SECTION = Section(
    *("diagnostics", marked("Diagnostics"), 1300, diagnostic_blocks, marked("Diagnostics of the fits")),
    tables=(DIAGNOSTICS.name, STATISTICS.name, SEARCH),
)


# Headings of the groups, in their order; a role that is not here has its own name as heading.
ROLES: Mapping[str, str] = {
    "outcome": marked("Outcomes"),
    "exposure": marked("Exposure"),
    "moderator": marked("Moderators"),
    "control": marked("Controls"),
    "instrument": marked("Instruments"),
    "mediator": marked("Mediators"),
    "measure": marked("Other measures of the exposure"),
    "latitude": marked("Latitude"),
    "longitude": marked("Longitude"),
    "weight": marked("Weights"),
}

# A mean of so few standard deviations is what rounding leaves of zero.
NOISE = 1e-12

# What describes a variable: SD within and between is of entities.
MOMENTS: Sequence[parts.Column[VariableRow]] = (
    (marked("Rows"), lambda row: count(row.n)),
    (marked("Mean"), lambda row: significant(row.mean if abs(row.mean) > NOISE * row.sd else 0.0)),
    (marked("SD"), lambda row: significant(row.sd)),
    (marked("SD within"), lambda row: significant(row.sd_within)),
    (marked("SD between"), lambda row: significant(row.sd_between)),
    (marked("Min"), lambda row: significant(row.min)),
    (marked("Max"), lambda row: significant(row.max)),
)


# Roles of the variables that the question is about.
LEADING = ("outcome", "exposure")


def variable_blocks(run: Run) -> Iterator[blocks.ReportBlock]:
    """Yield the outcomes and the exposure; in the appendix all variables and how they were prepared."""
    yield variable_table(run, LEADING)
    steps = (preparation_table(run),) if run.rows(PREPARATION) else ()
    yield blocks.Appendix((variable_table(run), *steps))


def variables_by_role(run: Run, roles: Collection[str] = ()) -> Iterator[tuple[str, tuple[VariableRow, ...]]]:
    """Yield the variables of each role under their heading, as the study orders them; all unless given."""
    variables = [row for row in run.rows(SUMMARY) if not roles or row.role in roles]
    for role in dict.fromkeys((*ROLES, *(row.role for row in variables))):
        rows = tuple(row for row in variables if row.role == role)
        if rows:
            yield rendered(ROLES.get(role, role)), rows


def variable_table(run: Run, roles: Collection[str] = ()) -> parts.ReportTable:
    """Return the variables of some roles, or of all; how these were prepared, and the note, are of all."""
    study = run.manifest.study
    note = gettext(
        "SD within: of deviations from an entity's own mean; SD between: of the entities' means. A column "
        "without an entry under “prepared by” is as in the data."
    )
    return parts.record_table(
        gettext("Outcomes and exposure") if roles else gettext("Variables"),
        variables_by_role(run, roles),
        (gettext("Variable"), lambda row: _variable(study, row.variable)),
        (parts.text_column(gettext("Unit")), lambda row: study.unit(row.variable)),
        *([] if roles else [(parts.text_column(gettext("Prepared by")), lambda row: _prepared(run, row))]),
        *((rendered(str(head)), cell) for head, cell in MOMENTS),
        notes=() if roles else (note,),
    )


def _variable(study: StudyRecord, name: str) -> parts.TableCell:
    label = study.label(name)
    return parts.TableCell(label if label == name else (f"{label} ", blocks.Phrase(name, "code", "id")))


def _prepared(run: Run, row: VariableRow) -> parts.TableCell:
    """Return the steps that made a variable, each with its inputs."""
    words: list[str | blocks.Phrase] = []
    for step in run.rows(PREPARATION, into=row.variable):
        inputs = listed(map(run.manifest.study.label, step.inputs.split(", ")))
        words += [in_turn(["", ""])] * bool(words)
        words += [blocks.Phrase(step.step, "code"), pgettext("text.between", ": ") + inputs]
    return parts.TableCell(tuple(words))


def preparation_table(run: Run) -> parts.ReportTable:
    """Return the steps in the order in which they ran."""
    return parts.record_table(
        gettext("Steps of preparation, in order"),
        [("", run.rows(PREPARATION))],
        (gettext("Column"), lambda row: run.manifest.study.label(row.into)),
        (parts.text_column(gettext("Step")), lambda row: parts.code_cell(row.step)),
        (parts.text_column(gettext("From")), lambda row: row.inputs),
        (parts.text_column(gettext("Detail")), lambda row: row.detail),
    )


VARIABLES_SECTION = Section(
    *("variables", marked("Variables"), 200, variable_blocks, marked("Variables and how they were prepared")),
    tables=(SUMMARY.name,),
)


def estimator_blocks(run: Run) -> Iterator[blocks.ReportBlock]:
    """Yield the cells without a result; in the appendix the warnings and the estimators."""
    unknown = gettext("no reason was recorded")
    undone: list[blocks.Words] = [
        (blocks.Phrase(one.cell, "strong"), f" ({rendered(one.status)}): {rendered(one.reason) or unknown}")
        for one in run.manifest.cells
        if one.status in NOT_DONE
    ]
    if undone:
        yield blocks.Heading(gettext("Cells without a result"))
        yield blocks.Bullets(tuple(undone))
    warnings = blocks.Heading(gettext("Notes"), anchor="warnings"), blocks.PagePart("warnings")
    yield blocks.Appendix((*warnings, estimator_table(run)))


def estimator_table(run: Run) -> parts.ReportTable:
    """Return the estimators; the files have their options, too."""
    return parts.record_table(
        gettext("Estimators; their options are in the CSV"),
        [("", run.manifest.study.estimators)],
        (gettext("Estimator"), lambda entry: entry.label),
        (parts.text_column(gettext("Id")), lambda entry: parts.code_cell(entry.id)),
        (parts.text_column(gettext("Method")), lambda entry: parts.code_cell(entry.use)),
        (
            parts.file_column(gettext("Options")),
            lambda entry: options_in_words(entry.options) or gettext("as by default"),
        ),
    )


def reproduce_blocks(run: Run) -> Iterator[blocks.ReportBlock]:
    """Yield the command; in the appendix seed, spec, data, versions and the files of the run folder."""
    manifest = run.manifest
    yield blocks.Paragraph(blocks.Phrase(manifest.command, "code"))
    text = gettext(
        "The same spec, data and versions give the same numbers. `harness verify RUN`, RUN being the folder "
        "of this report, checks every file and recomputes errors, gains and p-values from the stored "
        "predictions; `harness compare RUN OTHER` shows what differs from another run."
    )
    yield blocks.Paragraph(blocks.rich(text))
    text = gettext("The run began on {started} and took {seconds} seconds.")
    took = text.format(started=manifest.started, seconds=significant(manifest.seconds, 3))
    heading = blocks.Heading(gettext("Model info sheet"))
    sheet = blocks.Definitions(tuple(info_sheet(run)))
    yield blocks.Appendix(
        (blocks.Paragraph(took), provenance(manifest), heading, sheet, blocks.PagePart("contents"))
    )


def info_sheet(run: Run) -> Iterator[tuple[str, str]]:
    """Yield the seventeen fields of a model info sheet: what is predicted, and what speaks against leakage.

    The last seven go through the eight kinds of leakage of Kapoor and Narayanan (2023, Patterns 4(9)). What a
    run cannot know is for the authors.
    """
    study, data = run.manifest.study, run.manifest.data
    for_authors = gettext("for the authors to say")
    yield gettext("Study"), study.title
    yield gettext("Authors"), for_authors
    yield gettext("Claim"), study.description or for_authors
    size = gettext(
        "{n_entities} entities, {n_periods} periods ({first} to {last}); to which others it extends: "
    )
    yield (
        gettext("Population"),
        size.format(
            n_entities=count(data.n_entities),
            n_periods=count(data.n_periods),
            first=data.first_period,
            last=data.last_period,
        )
        + for_authors,
    )
    yield gettext("Predicted"), listed([study.label(name) for name in study.outcomes])
    yield gettext("Models"), listed([entry.label for entry in study.estimators])
    yield gettext("Compared with"), study.estimator_label(study.reference)
    yield gettext("Data"), in_turn(filter(None, (data.title, data.source)))
    lost = gettext("{n_obs} of {n_read} rows; each entity and period once")
    yield (
        gettext("Rows"),
        lost.format(
            n_obs=count(data.n_obs), n_read=count(data.n_obs if data.n_read is None else data.n_read)
        ),
    )
    yield (
        gettext("Training and test rows"),
        _by_protocol({one.title: one.how.rstrip(".。") for one in study.protocols}),
    )
    yield (
        gettext("Test rows kept out of fitting and selection (L1.1, L1.3)"),
        _by_protocol({one.title: _yes_or_no(one.keeps_test_rows_apart) for one in study.protocols}),
    )
    learned = gettext(
        "steps that learn numbers learn them on training rows, unless a protocol says otherwise"
    )
    yield gettext("Preparation on training rows alone (L1.2)"), learned
    yield gettext("Duplicates (L1.4)"), gettext("none: an entity and period that is there twice is refused")
    roles = listed([study.label(name) for name in (study.exposure, *study.moderators, *study.controls)])
    legitimate = gettext("{columns}; whether each is known before the outcome: ")
    yield (
        gettext("Features, and why they are legitimate (L2)"),
        legitimate.format(columns=roles) + for_authors,
    )
    later = [one.title for one in study.protocols if one.tested_periods == "later"]
    yield (
        gettext("Periods later than those of training alone (L3.1)"),
        listed(later) or gettext("under no protocol"),
    )
    others = [one.title for one in study.protocols if not one.knows_entities]
    yield (
        gettext("Entities that training rows do not have (L3.2)"),
        listed(others) or gettext("under no protocol"),
    )
    yield (
        gettext("Selection of the test rows (L3.3)"),
        _by_protocol(
            {
                one.title: listed([rendered(leak.text) for leak in one.leaks])
                for one in study.protocols
                if one.leaks
            }
        )
        or gettext("nothing that a protocol knows of"),
    )


def _by_protocol(texts: Mapping[str, str]) -> str:
    return in_turn([title + pgettext("text.between", ": ") + text for title, text in texts.items()])


def _yes_or_no(holds: bool) -> str:
    return gettext("yes") if holds else gettext("no")


def provenance(manifest: Manifest) -> blocks.Definitions:
    """Return what a run, or a calibration, was made with: seed, spec, data and versions."""
    return blocks.Definitions(
        (
            (gettext("Seed"), str(manifest.study.seed)),
            (gettext("Spec"), _hashed(blocks.Phrase(manifest.spec.path, "code"), manifest.spec.sha256)),
            (gettext("Data"), _hashed(manifest.data.origin, manifest.data.sha256)),
            (gettext("Versions"), ", ".join(f"{name} {own}" for name, own in manifest.versions.items())),
        )
    )


def _hashed(what: str | blocks.Phrase, sha256: str | None) -> blocks.Words:
    """Return something with its SHA-256, where it has one."""
    return (what, ", SHA-256 ", blocks.Phrase(sha256, look="hash")) if sha256 else (what,)


ESTIMATORS_SECTION = Section("estimators", marked("Estimators and warnings"), 1500, estimator_blocks)
REPRODUCE_SECTION = Section("reproduce", marked("How to reproduce"), 1600, reproduce_blocks)
