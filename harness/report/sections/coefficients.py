"""The sections of regressions as a paper prints them: by estimator, and baseline in steps and robustness."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from harness.data.name import lag_of, mean_of
from harness.findings.rules.within import nickell
from harness.findings.run import Run
from harness.language import marked, rendered, topic
from harness.record.manifest import EstimatorRecord, StudyRecord
from harness.report.blocks import (
    Appendix,
    Bullets,
    Given,
    Paragraph,
    ReportBlock,
    ReportTable,
    SmallPrint,
    TableCell,
    columns_of,
    plain_rows,
    record_table,
    row_groups,
    rows_of,
    tabs_of,
)
from harness.report.sections.robustness import check_text
from harness.report.sections.section import Section
from harness.scenarios.panel_variations import CHANGES, MEASURED
from harness.study.variation import REGRESSIONS, ROBUST_REGRESSIONS
from harness.tables import effects
from harness.tables.coefficients import COEFFICIENTS, STATISTICS, TRANSFORMED, CoefficientRow, TransformedRow
from harness.tables.findings import FINDINGS
from harness.tables.table import grouped, typed
from harness.tables.variations import VARIATION_EFFECTS, VariationEffectRow
from harness.text.numbers import (
    MISSING,
    SUPERSCRIPTS,
    count,
    estimate,
    fixed,
    plain,
    significant,
    with_interval,
)
from harness.text.plain_text import capitalised, file_slug, in_turn, joined, listed
from harness.text.render import sentence_text
from harness.text.scale import step_text, stepped

gettext = topic("report.coefficients")


# How threshold models call the regimes of their terms: ``gdp > 5.51256``, ``exposure (gdp > 5.51256)``.
NUMBER = r"-?[\d.]+(?:e[-+]?\d+)?"
REGIME = re.compile(rf"(?:(?P<low>{NUMBER}) < )?(?P<variable>.+?) (?P<sign><=|>) (?P<high>{NUMBER})")
REGIME_TERM = re.compile(rf"(?P<term>.+?) \((?P<regime>.+ (?:<=|>) {NUMBER})\)")

# How tables of coefficients call the intercept and the level of a regime, and what stands before means over
# neighbours.
CONSTANT, LEVEL, LAGGED = "const", "level", "W × "

NO_COEFFICIENTS = marked("no coefficients; the curves say what is estimated")

DECIMALS, T_DECIMALS = 3, 2


@dataclass(frozen=True)
class OddsRow:
    """One slope of a logit, and its odds ratio with limits."""

    outcome: str
    estimator: str
    term: str
    log_odds: float
    std_error: float
    odds_ratio: float
    conf_low: float
    conf_high: float


ODDS = typed("details/odds_ratios", OddsRow, ("outcome", "estimator", "term"))

Slope = TypeVar("Slope", TransformedRow, OddsRow)

# By estimator and term.
Estimates = Mapping[str, Mapping[str, CoefficientRow]]


@dataclass(frozen=True)
class TableChoice:
    """What a table of regressions shows.

    Attributes
    ----------
    estimators : ids, in the order of the columns; all in the order of the study where it is empty
    keep : regular expressions, one of which is found in the name of a term that is shown; all where empty
    digits : decimals of estimates and R2, >= 0
    """

    estimators: Sequence[str] = ()
    keep: Sequence[str] = ()
    digits: int = DECIMALS


WHOLE = TableChoice()


def estimates_of(run: Run, outcome: str) -> Estimates:
    """Return the coefficients for one outcome that are numbers, estimators in the order of the study."""
    own: dict[str, dict[str, CoefficientRow]] = {}
    for row in run.rows(COEFFICIENTS, outcome=outcome):
        if row.is_done and row.term and math.isfinite(row.estimate):
            own.setdefault(row.estimator, {})[row.term] = row
    return {entry.id: own[entry.id] for entry in run.manifest.study.estimators if entry.id in own}


def chosen(run: Run, outcome: str, choice: TableChoice) -> tuple[Estimates, list[str]]:
    """Return the coefficients of the chosen estimators that have any, and the chosen of their terms."""
    found = estimates_of(run, outcome)
    columns = {name: found[name] for name in choice.estimators or found if name in found}
    terms = terms_in_order(run.manifest.study, (term for own in columns.values() for term in own))
    patterns = choice.keep or ("",)
    return columns, [term for term in terms if any(re.search(pattern, term) for pattern in patterns)]


def coefficient_blocks(run: Run) -> Iterator[ReportBlock]:
    """Yield the regressions of every outcome; to the appendix where debiased effects stand on the page."""
    study = run.manifest.study
    tabs = tabs_of((study.label(outcome), _outcome(run, outcome)) for outcome in study.outcomes)
    yield Appendix((tabs,)) if len(run.frame("effects")) else tabs


def _outcome(run: Run, outcome: str) -> Iterator[ReportBlock]:
    if estimates_of(run, outcome):
        yield regression_table(run, outcome)
    else:
        yield Paragraph(gettext("No estimator has coefficients."), "soft")
    if slopes := run.rows(TRANSFORMED, outcome=outcome):
        yield transformed_table(run.manifest.study, outcome, slopes)
    if odds := run.rows(ODDS, outcome=outcome):
        yield odds_table(run.manifest.study, outcome, odds)
    yield from map(SmallPrint, without_coefficients(run, outcome))


def transformed_table(study: StudyRecord, outcome: str, rows: Sequence[TransformedRow]) -> ReportTable:
    """Return slopes of a transformed outcome; of a logarithm in per cent and as elasticities, too."""
    note = gettext(
        "Slopes are of the logarithm of the mean, or of the transformed outcome. Those of log(1 + y) "
        "and of the inverse hyperbolic sine depend on the outcome's unit and are no percentages."
    )
    return record_table(
        gettext("Slopes of the transformed outcome: {outcome}").format(outcome=study.label(outcome)),
        _by_estimator(study, [row for row in rows if row.term != CONSTANT]),
        ("", lambda row: term_label(study, row.term)),
        (gettext("Slope"), lambda row: estimate(row.estimate, row.conf_low, row.conf_high)[0]),
        (gettext("95% interval"), lambda row: estimate(row.estimate, row.conf_low, row.conf_high)[1]),
        (gettext("Variable rises by"), lambda row: step_text(study, row.term) or "1"),
        (gettext("Outcome changes by"), lambda row: _change(study, row)),
        (gettext("Elasticity at the mean"), lambda row: _if_known(_elasticity(study, row))),
        notes=(note,),
        name=f"transformed-{file_slug(outcome)}",
    )


def _change(study: StudyRecord, row: TransformedRow) -> str:
    """Return what a step of the variable changes, in per cent with its interval."""
    if not row.is_of_log:
        return MISSING
    slopes = (stepped(study, one, row.term) for one in (row.estimate, row.conf_low, row.conf_high))
    return f"{with_interval(*(100.0 * math.expm1(slope) for slope in slopes))}%"


def _elasticity(study: StudyRecord, row: TransformedRow) -> float:
    """Return the elasticity at the mean; on a variable in logarithms the slope."""
    return row.estimate if study.scale(row.term).kind == "log" else row.elasticity_at_mean


def odds_table(study: StudyRecord, outcome: str, rows: Sequence[OddsRow]) -> ReportTable:
    """Return odds ratios of logits, with their intervals, and their logarithms with standard errors."""
    note = gettext(
        "Odds ratio: what one unit more of the variable multiplies the odds by. Entities whose "
        "outcome never varies are left out."
    )
    return record_table(
        gettext("Odds ratios: {outcome}").format(outcome=study.label(outcome)),
        _by_estimator(study, rows),
        ("", lambda row: term_label(study, row.term)),
        (gettext("Odds ratio"), lambda row: estimate(row.odds_ratio, row.conf_low, row.conf_high)[0]),
        (gettext("95% interval"), lambda row: estimate(row.odds_ratio, row.conf_low, row.conf_high)[1]),
        (gettext("Log odds"), lambda row: significant(row.log_odds)),
        (gettext("Standard error"), lambda row: significant(row.std_error)),
        notes=(note,),
        name=f"odds-{file_slug(outcome)}",
    )


def _by_estimator(study: StudyRecord, rows: Iterable[Slope]) -> Iterator[tuple[str, list[Slope]]]:
    for (name,), slopes in grouped(rows, "estimator").items():
        yield study.estimator_label(name), slopes


def _if_known(number: float) -> str:
    return significant(number) if math.isfinite(number) else MISSING


def without_coefficients(run: Run, outcome: str) -> Iterator[str]:
    """Yield why some estimators have no coefficients, those with the same reason together."""
    having = {
        *estimates_of(run, outcome),
        *(row.estimator for row in run.rows(TRANSFORMED, outcome=outcome)),
        *(row.estimator for row in run.rows(ODDS, outcome=outcome)),
    }
    rows = run.rows(COEFFICIENTS, outcome=outcome)
    reasons = {row.estimator: row.reason for row in rows if not row.is_done}
    without: dict[str, list[str]] = {}
    for entry in run.manifest.study.estimators:
        if entry.id not in having:
            without.setdefault(reasons.get(entry.id) or rendered(NO_COEFFICIENTS), []).append(entry.label)
    for reason, labels in without.items():
        yield gettext("{label}: {reason}.").format(label=joined(labels), reason=reason)


def coefficient_caveat(run: Run, outcome: str) -> str:
    """Return what a lagged outcome does to coefficients of estimators with effects; empty without one."""
    having = estimates_of(run, outcome)
    biased = [one.label for one in run.manifest.study.estimators if one.id in having and one.goes_by_within]
    bias = nickell(run, outcome) if biased else None
    caveat = sentence_text(bias, run.manifest.study) if bias else ""
    words = gettext("{estimators}: {caveat}")
    return words.format(estimators=joined(biased), caveat=caveat) if caveat else ""


def regression_table(run: Run, outcome: str, choice: TableChoice = WHOLE) -> ReportTable:
    """Return the regressions of one outcome as a paper prints them."""
    study, (columns, terms) = run.manifest.study, chosen(run, outcome, choice)
    known = {entry.id: entry for entry in study.estimators}
    entries = [known[name] for name in columns]
    numbers = tuple(TableCell(f"({number})") for number in range(1, 1 + len(entries)))
    return ReportTable(
        caption=gettext("Regressions of {outcome}").format(outcome=study.axis_label(outcome)),
        over=(TableCell(), *numbers),
        columns=columns_of("", *(entry.label for entry in entries)),
        groups=plain_rows(
            (
                term_label(study, term),
                *term_cells(study, [own.get(term) for own in columns.values()], choice.digits),
            )
            for term in terms
        ),
        foot=rows_of(
            [*_effect_rows(study, entries), *_fit_rows(run, outcome, columns, entries, choice.digits)]
        ),
        notes=tuple(_notes(run, outcome, columns, terms, choice.digits)),
        is_whole=True,
        name=f"regressions-{file_slug(outcome)}",
    )


def _effect_rows(study: StudyRecord, entries: Sequence[EstimatorRecord]) -> Iterator[tuple[str, ...]]:
    """Yield which estimators absorb which fixed effects."""
    for key in dict.fromkeys(key for entry in entries for key in entry.effects):
        column = capitalised(study.label({"entity": study.entity, "time": study.time}.get(key, key)))
        has = (gettext("Yes") if key in entry.effects else gettext("No") for entry in entries)
        yield (gettext("{column} fixed effects").format(column=column), *has)


def _fit_rows(
    run: Run, outcome: str, columns: Estimates, entries: Sequence[EstimatorRecord], digits: int
) -> Iterator[tuple[str, ...]]:
    """Yield the number of rows, R2, and of estimators with effects that within them, as fixest has both."""
    yield (gettext("Observations"), *(count(next(iter(own.values())).n_obs) for own in columns.values()))
    both = [shares_explained(run, outcome, entry) for entry in entries]
    for label, values in zip((gettext("R²"), gettext("Within R²")), zip(*both, strict=True), strict=True):
        if any(map(math.isfinite, values)):
            yield (label, *(fixed(value, digits) if math.isfinite(value) else "" for value in values))


def shares_explained(run: Run, outcome: str, entry: EstimatorRecord) -> tuple[float, float]:
    """Return R2, and of an estimator with effects that within them; NaN where it has none."""
    rows = run.rows(STATISTICS, outcome=outcome, estimator=entry.id)
    found = {row.statistic: row.value for row in rows}
    # Within: of the estimated equation, in which all effects are projected out.
    return found.get("r2_dummies", math.nan), found.get("r2", math.nan) if entry.effects else math.nan


def _notes(run: Run, outcome: str, columns: Estimates, terms: Sequence[str], digits: int) -> Iterator[str]:
    """Yield how errors are computed, units that suit tiny coefficients, and what biases coefficients."""
    study, same = run.manifest.study, dict[str, list[str]]()
    for number, own in enumerate(columns.values(), start=1):
        any_row = next(iter(own.values()))
        how = rendered(any_row.covariance) or MISSING
        if any_row.n_clusters and not math.isfinite(any_row.bandwidth):
            how = gettext("{how}, {number} clusters").format(how=how, number=any_row.n_clusters)
        same.setdefault(how, []).append(f"({number})")
    parts = [f"{how} {listed(own)}" if len(same) > 1 else how for how, own in same.items()]
    yield from estimate_notes(study, in_turn(parts))
    if scaled := list(_scaled(study, columns, terms, digits)):
        words = gettext("Measured in units as large, coefficients have {digits} decimals: {scaled}.")
        yield words.format(digits=digits, scaled=listed(scaled))
    if caveat := coefficient_caveat(run, outcome):
        yield caveat


def _scaled(study: StudyRecord, columns: Estimates, terms: Sequence[str], digits: int) -> Iterator[str]:
    """Yield the terms with tiny coefficients, each with the power of ten that its unit could be times."""
    for term in terms:
        errors = [own[term].std_error for own in columns.values() if term in own]
        if is_tiny(errors, digits):
            power = 1 - digits - math.floor(math.log10(min(error for error in errors if error > 0.0)))
            yield f"{term_label(study, term)} (10{str(power).translate(SUPERSCRIPTS)})"


def terms_in_order(study: StudyRecord, terms: Iterable[str]) -> list[str]:
    """Return terms once each: the exposure, then as the study lists its variables, others, the constant."""
    found = list(dict.fromkeys(terms))
    order = [*study.exposure_columns, *study.moderators, *study.controls]
    known = [term for term in order if term in found]
    others = [term for term in found if term not in order]
    return known + sorted(others, key=lambda term: term == CONSTANT)


def term_label(study: StudyRecord, term: str) -> str:
    """Return how a term is called: a variable, its lag, its mean, or its slope in a regime."""
    if term.startswith(LAGGED):
        return f"{LAGGED}{study.label(term.removeprefix(LAGGED))}"
    if past := lag_of(term):
        column, lag = past
        return gettext("{label} (lag {lag})").format(label=study.label(column), lag=lag)
    if averaged := mean_of(term):
        return gettext("{label} (entity mean)").format(label=study.label(averaged))
    found = REGIME_TERM.fullmatch(term)
    if found is None:
        return gettext("Constant") if term == CONSTANT else study.label(term)
    of = gettext("level") if found["term"] == LEVEL else study.label(found["term"])
    return f"{of} ({regime_label(study, found['regime'])})"


def regime_label(study: StudyRecord, regime: str) -> str:
    """Return where a regime lies, such as ``5.513 < GDP ≤ 7.2`` for ``5.51256 < gdp <= 7.2``."""
    found = REGIME.fullmatch(regime)
    if found is None:
        return regime
    above = f"{plain(float(found['low']))} < " if found["low"] else ""
    sign = found["sign"].replace("<=", "≤")
    return f"{above}{study.label(found['variable'])} {sign} {plain(float(found['high']))}"


def term_cells(
    study: StudyRecord, rows: Sequence[CoefficientRow | None], digits: int
) -> tuple[TableCell, ...]:
    """Return one term across the estimators, with what stands in brackets beneath; empty without it."""
    in_powers = is_tiny((row.std_error for row in rows if row is not None), digits)
    return tuple(
        TableCell() if row is None else paper_cell(study, row, in_powers=in_powers, digits=digits)
        for row in rows
    )


# Rows with an estimate, its standard error and its p-value.
HasEstimate = CoefficientRow | effects.EffectRow | VariationEffectRow


def is_tiny(errors: Iterable[float], digits: int = DECIMALS) -> bool:
    """Return whether any standard error would be lost with these decimals."""
    return any(0.0 < error < 0.5 * 10.0**-digits for error in errors)


def decimal(value: float, *, in_powers: bool, digits: int = DECIMALS) -> str:
    """Return a number with its decimals, those of a mantissa where it is in powers of ten."""
    if not in_powers or value == 0.0 or not math.isfinite(value):
        return fixed(value, digits)
    exponent = math.floor(math.log10(abs(value)))
    return f"{fixed(value / 10.0**exponent, digits)} × 10{str(exponent).translate(SUPERSCRIPTS)}"


def paper_cell(study: StudyRecord, row: HasEstimate, *, in_powers: bool, digits: int = DECIMALS) -> TableCell:
    """Return an estimate with stars for its p-value, and beneath it what stands in brackets."""
    beneath = bracketed(study, row.estimate, row.std_error, in_powers=in_powers, digits=digits)
    shown = starred(study, decimal(row.estimate, in_powers=in_powers, digits=digits), row.p_value)
    return TableCell(shown, (beneath,) if beneath else ())


def starred(study: StudyRecord, text: str, p_value: float) -> str:
    """Return an estimate with a star for each of the study's levels that its p-value is below."""
    return text + "*" * sum(p_value < level for level in study.stars)


def bracketed(
    study: StudyRecord, estimate: float, std_error: float, *, in_powers: bool, digits: int = DECIMALS
) -> str:
    """Return what stands beneath an estimate: its standard error, or its statistic; empty without one."""
    if not (math.isfinite(std_error) and std_error > 0.0):
        return ""
    if study.brackets == "t":
        return f"({fixed(estimate / std_error, T_DECIMALS)})"
    return f"({decimal(std_error, in_powers=in_powers, digits=digits)})"


def estimate_notes(study: StudyRecord, how: str = "") -> Iterator[str]:
    """Yield what stands in brackets, and what stars say where there are any.

    Parameters
    ----------
    how : errors are computed
    """
    name = gettext("Test statistics") if study.brackets == "t" else gettext("Standard errors")
    words = gettext("{name} in brackets, {how}.") if how else gettext("{name} in brackets.")
    yield words.format(name=name, how=how)
    if study.stars:
        marks = (f"{'*' * n} p < {plain(level)}" for n, level in enumerate(study.stars, start=1))
        yield f"{listed(marks)}."


COEFFICIENTS_SECTION = Section("coefficients", marked("Coefficients"), 1200, coefficient_blocks)


# What the tables of a paper and their files are called, by the list of variations that their columns are.
CAPTIONS = {
    REGRESSIONS: (marked("Baseline regressions"), "baseline"),
    ROBUST_REGRESSIONS: (marked("Robustness of the regressions"), "robustness"),
}

# The checks as heads of columns, which are narrow.
HEADS = {CHANGES["lag"][0]: marked("lagged exposure"), CHANGES["winsorised"][0]: marked("winsorised")}

# Where a column stands: the estimator, then the specification.
Column = tuple[str, str]


def specification_blocks(run: Run) -> Iterator[ReportBlock]:
    """Yield the tables, and how often all of their columns agree where the effect is known."""
    for name in CAPTIONS:
        yield from specification_tables(run, name)
    if agreement := run.rows(FINDINGS, finding="agreement"):
        yield Bullets(tuple(row.text for row in agreement))
        yield SmallPrint(
            gettext(
                "The effect of the baseline is taken from the outcome, and each entity has the exposure of "
                "another one, drawn at random: all columns are fitted anew, without an effect and with the "
                "baseline's. Agreement: all columns are significant and have one sign."
            )
        )


def specification_tables(run: Run, of: str) -> Iterator[ReportTable]:
    """Yield the baseline of all estimators as one table, or the robustness of each as its own.

    Parameters
    ----------
    of : list of variations, of `CAPTIONS`
    """
    rows, (words, slug) = run.rows(VARIATION_EFFECTS, list=of), CAPTIONS[of]
    caption = rendered(words)
    if of == REGRESSIONS and rows:
        yield specification_table(run, rows, caption, slug)
    for (name,), own in grouped(rows, "learner").items() if of == ROBUST_REGRESSIONS else ():
        label = run.manifest.study.estimator_label(name)
        titled = gettext("{caption}: {label}").format(caption=caption, label=label)
        yield specification_table(run, own, titled, f"{slug}-{file_slug(name)}")


def specification_table(run: Run, rows: Sequence[VariationEffectRow], caption: str, name: str) -> ReportTable:
    """Return specifications across and the outcomes one beneath the other."""
    study = run.manifest.study
    columns = list(dict.fromkeys((row.learner, row.variation) for row in rows))
    is_one = len({estimator for estimator, _ in columns}) == 1
    labels = ["" if is_one else study.estimator_label(estimator) for estimator, _ in columns]
    over = (f"({at}) {label}".rstrip() for at, label in enumerate(labels, start=1))
    return ReportTable(
        caption=caption,
        over=(TableCell(), *map(TableCell, over)),
        columns=columns_of("", *(_column_head(study, specification) for _, specification in columns)),
        groups=row_groups(
            (study.axis_label(outcome), _specification_rows(run, own, columns))
            for outcome in study.outcomes
            if (own := [row for row in rows if row.outcome == outcome])
        ),
        notes=(*estimate_notes(study), gettext("Fixed effects and errors are those of each estimator.")),
        is_whole=True,
        name=name,
    )


def _column_head(study: StudyRecord, specification: str) -> str:
    """Return a specification in the few words that a narrow column has room for."""
    for name in study.variables:
        if specification == MEASURED.format(measure=name):
            return rendered(MEASURED).format(measure=study.label(name))
    return rendered(HEADS[specification]) if specification in HEADS else check_text(study, specification)


def _specification_rows(
    run: Run, rows: Sequence[VariationEffectRow], columns: Sequence[Column]
) -> Iterator[tuple[Given, ...]]:
    """Yield the coefficients of the exposure, then what describes the regressions, of one outcome."""
    study = run.manifest.study
    found = {(row.learner, row.variation, row.exposure): row for row in rows}
    reasons = {(row.learner, row.variation): row.reason for row in rows if not row.is_done}
    terms = list(dict.fromkeys(row.exposure for row in rows if row.is_done))
    for at, term in enumerate(terms):
        own = [found.get((*column, term)) for column in columns]
        yield (
            term_label(study, term),
            *(
                TableCell(reason=reasons.get(column, "") if at == 0 else "")
                if row is None
                else paper_cell(study, row, in_powers=is_tiny([row.std_error]))
                for row, column in zip(own, columns, strict=True)
            ),
        )
    first = {(row.learner, row.variation): row for row in reversed(rows) if row.is_done}
    described = [first.get(column) for column in columns]
    yield (gettext("Controls"), *(count(row.n_controls) if row else "" for row in described))
    yield (gettext("Observations"), *(count(row.n_obs) if row else "" for row in described))
    if any(row and math.isfinite(row.r_squared) for row in described):
        yield (gettext("R²"), *(fixed(row.r_squared, DECIMALS) if row else "" for row in described))


SPECIFICATIONS_SECTION = Section(
    "specifications",
    marked("Baseline and robustness regressions"),
    1210,
    specification_blocks,
    tables=(VARIATION_EFFECTS.name,),
)
