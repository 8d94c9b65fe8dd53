"""All that is verified about a run folder, one check after the other, its tables among them."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import pandas as pd

from harness.audit.integrity import file_problems, manifest_problems, signed_by, spec_problems
from harness.audit.runs import Tolerance, table_difference
from harness.data.messages import few
from harness.errors import ArtifactError, HarnessError, Problem, SpecError
from harness.evaluation.gain import recognition_table
from harness.evaluation.losses import SAMPLES
from harness.evaluation.tables import (
    accuracy_table,
    decomposition_table,
    gain_pairs_table,
    gains_table,
    gains_within,
)
from harness.evaluation.variation_gains import GainComparison, choice_table, joint_tests, variation_gains
from harness.findings.run import RULE, Rule, Run, leading_protocols
from harness.findings.table import RULES_VERSION
from harness.language import Coded, in_series, marked
from harness.record.manifest import Manifest
from harness.registry.catalog import Catalogs
from harness.report.write import gain_report
from harness.running.files import GAIN_REPORT, SIGNATURE, SPEC
from harness.running.folder import RunFolder
from harness.running.plan import as_quick
from harness.running.varied import comparisons_of, varied_fits
from harness.study.expectations.cell import check_expectations, expectations_table
from harness.study.expectations.claims_table import claims_table
from harness.study.expectations.curve_claim import SOURCES
from harness.study.spec.load import load_study
from harness.study.spec.study import Study
from harness.study.variation import MULTIVERSE, change_rows
from harness.tables import gain
from harness.tables.accuracy import ACCURACY, PREDICTIONS, VARIATION_PREDICTIONS
from harness.tables.claims import CLAIMS, EXPECTATIONS
from harness.tables.csv_table import as_declared, csv_text, from_csv
from harness.tables.findings import FINDINGS
from harness.tables.registry import JOINED
from harness.tables.table import ResultTable
from harness.tables.variations import CURVE_ERROR, VARIATION_GAINS, VARIATIONS
from harness.text.render import findings_rendered, findings_table

# Name among the statistics of fits of the distance between two computations of their coefficients.
DISAGREEMENT = "solver_disagreement"

# Code of the note that a fit gives where that distance is more than rounding.
DISAGREEMENT_CODE = "W-DISAGREE"


@dataclass(frozen=True)
class AuditCheck:
    """One check.

    Attributes
    ----------
    what : was checked, as a sentence that holds where there are no problems
    problems : that were found
    error : what they make of the command: a mistake of the folder, or of how it is looked at
    """

    what: str
    problems: tuple[Problem, ...]
    error: type[HarnessError] = ArtifactError


def verify(
    folder: RunFolder, *, catalogs: Catalogs, messages: Sequence[Path] = (), signer: Path | None = None
) -> Iterator[AuditCheck]:
    """Yield the checks of a finished run; tables are recomputed only from files that hold.

    What holds was written by one run and belongs together. Whether that run was given honest data, and
    whether estimators did what they say, no folder can tell.

    Parameters
    ----------
    catalogs : what a spec can choose by name, by kind
    messages : folders of the plugins' catalogs, for a run whose report is in another language
    signer : public key by which the manifest has to be signed
    """
    written = marked("the manifest is the one that the run wrote")
    if folder.is_cut_off():
        written = in_series([written, marked("a later run or report was cut off and left it as it was")])
    own = _check(written, lambda: manifest_problems(folder))
    yield own
    if own.problems:
        return
    if signer is not None or (folder.path / SIGNATURE).exists():
        yield _signature(folder, signer)
    try:
        manifest = folder.manifest()
    except ArtifactError as error:
        yield AuditCheck(marked("the manifest says what the run holds"), error.problems)
        return
    whole = Coded("{n} files are there as written, and no other that a report reads", n=len(manifest.files))
    for what, find in (
        (whole, lambda: file_problems(folder, manifest)),
        (marked("the spec is the one that was run"), lambda: spec_problems(folder, manifest)),
        (marked("the tables have their columns, and a row a key"), lambda: shape_problems(folder)),
    ):
        check = _check(what, find)
        yield check
        if check.problems:
            return
    yield _check(
        marked("errors, gains, intervals, p-values and decomposition follow from the predictions"),
        lambda: prediction_problems(folder, manifest),
    )
    yield _check(
        marked("variations, claims and expected numbers follow from spec, predictions and tables"),
        lambda: spec_table_problems(folder, manifest, catalogs),
    )
    if manifest.rules_version < JACKKNIFE:
        since = marked("shares of recognition are as written; their limits are computed otherwise today")
        yield AuditCheck(since, ())
    if manifest.rules_version != RULES_VERSION:
        what = marked("findings and gain report are as written; rules of another version made them")
        yield AuditCheck(Coded("{what}, so that they are not made again", what=what), ())
        yield from agreement(folder)
        return
    rules = tuple(catalogs[RULE.name].members.values())
    yield _check(marked("findings follow from the tables"), lambda: finding_problems(folder, manifest, rules))
    if GAIN_REPORT in manifest.files:
        follows = Coded("{file} follows from the tables", file=GAIN_REPORT)
        yield _check(follows, lambda: gain_report_problems(folder, messages))
    else:
        yield AuditCheck(marked("the run has no report yet; harness report RUN writes it"), ())
    yield from agreement(folder)


def _signature(folder: RunFolder, signer: Path | None) -> AuditCheck:
    """Check whose signature the manifest has; without the signer's key, only that it is one."""
    whose = marked("a key", code="key_of_ssh") if signer is None else str(signer)
    try:
        found = signed_by(folder, signer)
    except ArtifactError as error:
        return AuditCheck(Coded("the manifest is signed by {whose}", whose=whose), error.problems)
    signed = Coded("the manifest is signed by {whose}: {found}", whose=whose, found=found)
    if signer is None:
        signed = Coded("{signed}, which --signer would compare with one that you know", signed=signed)
    return AuditCheck(signed, ())


def agreement(folder: RunFolder) -> Iterator[AuditCheck]:
    """Yield how far two computations of the same fits are from each other, where fits tell of it."""
    statistics = folder.read_table("details/statistics")
    if "statistic" not in statistics:
        return
    gaps = statistics.loc[statistics["statistic"] == DISAGREEMENT, "value"].astype(float)
    warnings = folder.read_table("warnings")
    warned = warnings[warnings["code"] == DISAGREEMENT_CODE]
    if len(gaps):
        yield AuditCheck(
            Coded(
                "two computations of the coefficients of {n} fits agree, to {most} at most",
                n=len(gaps),
                most=f"{gaps.max():.1g}",
            ),
            tuple(Problem(str(row.where), str(row.message)) for row in warned.itertuples()),
        )


def _check(what: str, find: Callable[[], Iterable[Problem]]) -> AuditCheck:
    """Make one check; a file that cannot be read is a problem that it found."""
    try:
        return AuditCheck(what, tuple(find()))
    except (ArtifactError, SpecError) as error:
        return AuditCheck(what, error.problems, type(error))
    except OSError as error:
        where, reason = str(error.filename or ""), error.strerror or str(error)
        problem = Problem(
            where,
            Coded("cannot be read: {reason}", reason=reason),
            hint=marked("take a whole copy of the folder"),
        )
        return AuditCheck(what, (problem,))
    except (ValueError, TypeError, LookupError, ArithmeticError) as error:
        # Files whose hashes were made again may hold anything, such as a text among numbers.
        hint = marked("take a whole copy of the folder, or run the study again")
        return AuditCheck(
            what,
            (Problem("", Coded("the files cannot be computed with: {error}", error=repr(error)), hint=hint),),
        )


# Other machines and versions add numbers up in another order.
TOLERANCE = Tolerance()

# Version of the rules from which on shares of recognition have limits by the jackknife over entities.
JACKKNIFE = 5

# Tables in which a cell without numbers is a row with its reason.
REFUSING = (ACCURACY, gain.GAIN)

# Tables whose columns are computed with.
COMPUTED = (PREDICTIONS, *REFUSING, gain.DECOMPOSITION)

_NUMBERS = ("observed", "predicted", "train_variance")
_MEND = "run the study again"


def shape_problems(folder: RunFolder) -> Iterator[Problem]:
    """Yield which tables lack what can be computed with."""
    for table in JOINED:
        frame = (folder.read_parquet if table == PREDICTIONS else folder.read_table)(table.name)
        if table in COMPUTED:
            yield from _lacking(table, frame)
        if table == PREDICTIONS and len(frame):
            for name in filter(frame.columns.__contains__, _NUMBERS):
                if not pd.api.types.is_numeric_dtype(frame[name]):
                    yield Problem(
                        table.file, Coded("the column {name} holds no numbers", name=name), hint=_MEND
                    )
        if set(table.key) <= set(frame.columns) and (key := table.repeated(frame)):
            yield Problem(
                table.file,
                Coded("holds several rows of one key: {key}", key=key),
                marked("a row a key"),
                _MEND,
            )


def _lacking(table: ResultTable, frame: pd.DataFrame) -> Iterator[Problem]:
    lacking = [name for name in table.columns if name not in frame]
    if lacking:
        yield Problem(
            table.file, Coded("lacks the columns {lacking}", lacking=", ".join(lacking)), hint=_MEND
        )


def prediction_problems(folder: RunFolder, manifest: Manifest) -> Iterator[Problem]:
    """Yield what predictions do not give, and cells that neither have numbers nor say why."""
    study, source, predictions = manifest.study, "predictions.parquet", folder.read_parquet("predictions")
    protocols = {protocol.use: protocol.id for protocol in study.protocols}
    gains = gains_table(
        predictions, references=study.references, level=study.level, least_gain=study.least_gain
    )
    for declared, computed in (
        (ACCURACY, accuracy_table(predictions)),
        (gain.GAIN, gains),
        (gain.GAIN_WITHIN, gains_within(predictions, references=study.references)),
        (gain.DECOMPOSITION, decomposition_table(gains, reference=study.reference, protocols=protocols)),
    ):
        yield from _disagreements(folder, declared, _as_read(declared, computed), source)
    if gain.GAIN_PAIRS.file in folder.tables():
        leading = {protocol.id for protocol in leading_protocols(study)}
        pairs = gain_pairs_table(
            predictions, protocols=leading, level=study.level, least_gain=study.least_gain
        )
        yield from _disagreements(folder, gain.GAIN_PAIRS, _as_read(gain.GAIN_PAIRS, pairs), source)
    shares = recognition_table(predictions, reference=study.reference, protocols=protocols, level=study.level)
    if len(shares) and manifest.rules_version >= JACKKNIFE:
        yield from _disagreements(folder, gain.RECOGNITION, _as_read(gain.RECOGNITION, shares), source)
    # A cell that failed has a row as well.
    ids = ([entry.id for entry in study.estimators], [entry.id for entry in study.protocols])
    stored = folder.read_table("accuracy")[["outcome", "estimator", "protocol", "sample"]].astype(str)
    there = set(stored.itertuples(index=False, name=None))
    missing = [" · ".join(cell) for cell in product(study.outcomes, *ids, SAMPLES) if cell not in there]
    if missing:
        yield Problem("accuracy.csv", Coded("has no row for {names}", names=few(missing)), hint=_MEND)
    for table in REFUSING:
        rows = folder.read_table(table.name)
        numbers = rows[rows["status"] != "ok"].select_dtypes("number").notna().any(axis="columns")
        if numbers.any():
            what = Coded("{numbers} rows have numbers that their status denies", numbers=int(numbers.sum()))
            yield Problem(table.file, what, hint=_MEND)


def spec_table_problems(folder: RunFolder, manifest: Manifest, catalogs: Catalogs) -> Iterator[Problem]:
    """Yield what does not follow from spec and other tables: claims, expected numbers, variations."""
    try:
        study = load_study(folder.path / SPEC, catalogs=catalogs, overrides=manifest.spec.overrides).study
    except HarnessError as error:
        what = Coded(
            "cannot be read here, so variations, claims and expected numbers are not checked: {error}",
            error=error,
        )
        raise SpecError.at(
            SPEC, what, hint=marked("install the plugins of the run, see versions in manifest.json")
        ) from error
    source = "the spec and the other tables"
    if study.claims:
        claims = claims_table(study, {name: folder.read_table(name) for name in SOURCES})
        yield from _disagreements(folder, CLAIMS, _as_read(CLAIMS, claims), source)
    expected = [one for one in study.expect if one.quick == manifest.study.quick]
    if expected:
        checked = expectations_table(check_expectations(expected, folder.read_table))
        yield from _disagreements(folder, EXPECTATIONS, _as_read(EXPECTATIONS, checked), source)
    yield from _variation_problems(folder, as_quick(study) if manifest.study.quick else study, catalogs)


def _variation_problems(folder: RunFolder, study: Study, catalogs: Catalogs) -> Iterator[Problem]:
    """Yield what neither spec nor predictions give of the gains of variations."""
    varied, level = varied_fits(study, catalogs), study.evaluation.level
    of_study, own = (folder.read_parquet(one.name) for one in (PREDICTIONS, VARIATION_PREDICTIONS))
    if not varied or own.empty:
        return
    predictions = pd.concat([of_study, own], ignore_index=True)
    comparisons = [_fitted(one, set(predictions["estimator"])) for one in comparisons_of(study, varied)]
    gains = pd.concat(variation_gains(predictions, comparisons, level=level), ignore_index=True)
    stored = folder.read_table(VARIATION_GAINS.name)
    # Curves are kept of the study's own estimators alone.
    curves = stored[stored["quantity"] == CURVE_ERROR]
    both = f"{PREDICTIONS.file} and {VARIATION_PREDICTIONS.file}"
    expected = pd.concat([_as_read(VARIATION_GAINS, gains), curves])
    yield from _disagreements(folder, VARIATION_GAINS, expected, both)
    variations = [one.variation for one in varied]
    changes = _as_read(VARIATIONS, pd.DataFrame(change_rows(variations)))
    held = folder.read_table(VARIATIONS.name)
    expected = pd.concat([changes, held[held["scenario"].notna()]])
    yield from _disagreements(folder, VARIATIONS, expected, "the spec")
    if multiverse := [one for one in comparisons if one.list == MULTIVERSE]:
        choices = _as_read(gain.MULTIVERSE_CHOICES, choice_table(gains, variations))
        yield from _disagreements(folder, gain.MULTIVERSE_CHOICES, choices, both)
        tests = _as_read(
            gain.MULTIVERSE_TESTS, joint_tests(predictions, multiverse, level=level, seed=study.seed)
        )
        yield from _disagreements(folder, gain.MULTIVERSE_TESTS, tests, both)


def _fitted(comparison: GainComparison, there: Collection[str]) -> GainComparison:
    """Return a comparison over the references that a run has: up to format 13 they kept all controls."""
    over = {fit if fit in there else name: name for fit, name in comparison.references.items()}
    return replace(comparison, references=over)


def finding_problems(folder: RunFolder, manifest: Manifest, rules: Sequence[Rule]) -> Iterator[Problem]:
    """Yield what findings are said to be, and do not follow from the other tables.

    Texts are those of the codes and parameters in the folder, which may differ from what is computed here in
    the last digits.
    """
    run = Run(manifest, folder)
    texts = findings_rendered(run, rules).drop_duplicates("key").set_index("key")[["text", "caveats_text"]]
    expected = findings_table(run, rules)
    for name in texts.columns:
        expected[name] = expected["key"].map(texts[name]).fillna(expected[name])
    expected = _as_read(FINDINGS, expected)
    yield from _disagreements(folder, FINDINGS, expected, "the other tables")


def gain_report_problems(folder: RunFolder, messages: Sequence[Path]) -> Iterator[Problem]:
    """Yield whether ``gain_report.json`` says other than the tables."""
    expected = json.loads(json.dumps(gain_report(folder, messages=messages)))
    if json.loads(folder.read_bytes(GAIN_REPORT) or "null") != expected:
        hint = marked("write it again: harness report RUN")
        yield Problem(GAIN_REPORT, marked("is not what the manifest and the tables give"), hint=hint)


def _as_read(declared: ResultTable, computed: pd.DataFrame) -> pd.DataFrame:
    """Return a table as it is read from a folder, since a file knows fewer types of cells."""
    return from_csv(csv_text(as_declared(declared, [computed])))


def _disagreements(
    folder: RunFolder, table: ResultTable, expected: pd.DataFrame, source: str
) -> Iterator[Problem]:
    """Yield how a table of the folder, as far as it has numbers, differs from what it should be."""
    stored = folder.read_table(table.name)
    if table in (*REFUSING, VARIATION_GAINS):
        stored, expected = (rows[rows["status"] == "ok"] for rows in (stored, expected))
    if folder.is_earlier:  # whose format had no place for some numbers
        expected = expected.drop(columns=[name for name in stored if stored[name].isna().all()])
        stored = stored[list(expected.columns)]
    difference = table_difference(table.name, stored, expected, keys=table.key, tolerance=TOLERANCE)
    for line in difference.lines("in the folder", f"recomputed from {source}"):
        yield Problem(table.file, line, hint=_MEND)
