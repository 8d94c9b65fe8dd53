"""Error rates that a calibration found, taken for the study that they are of and refused for any other."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from harness.data.build import PanelBuilder
from harness.data.read.table import Table
from harness.errors import ArtifactError, Problem
from harness.execution.provenance import data_record, study_record
from harness.spec.study import Study
from harness.store.calibration_record import CALIBRATION_RECORD, CalibrationRecord
from harness.store.folder import RunFolder
from harness.tables import ERROR_RATES

if TYPE_CHECKING:
    import pandas as pd


def calibration_record(
    study: Study, *, table: Table, panels: PanelBuilder, versions: Mapping[str, str]
) -> CalibrationRecord:
    """Return what a calibration of a study is of.

    Parameters
    ----------
    study : as the spec has it, nothing reduced
    versions : of Python, the libraries and what brings plugins
    """
    return CalibrationRecord(
        record_version=1,
        study=study_record(study, quick=False, learns=panels.learns),
        scenarios={entry.id: str(entry.scenario) for entry in study.scenarios},
        data=data_record(table, panels.panel(study.roles.outcomes[0])),
        versions=versions,
    )


def calibrated_rates(path: Path, own: CalibrationRecord) -> pd.DataFrame:
    """Return the error rates of a calibration, columns of `harness.tables.ERROR_RATES`.

    Parameters
    ----------
    path : folder that a calibration was written to, or a file in it
    own : of the study that the rates go beside

    Raises
    ------
    ArtifactError
        Where there is no calibration, or one of another study.
    """
    folder = RunFolder(path.parent if path.is_file() else path)
    record = folder.path / CALIBRATION_RECORD
    if not record.is_file() or not (folder.path / ERROR_RATES.file).is_file():
        hint = "name a folder that harness calibrate SPEC wrote"
        expected = f"a folder with {CALIBRATION_RECORD} and {ERROR_RATES.file}"
        raise ArtifactError(Problem(str(path), "is not the folder of a calibration", expected, hint))
    different = list(CalibrationRecord.from_json(record.read_text(encoding="utf-8")).differences(own))
    if different:
        more = f"; and {len(different) - 3} more" if len(different) > 3 else ""
        raise ArtifactError(
            Problem(
                str(path),
                f"is a calibration of another study: there {'; '.join(different[:3])}{more}",
                expected="a calibration of the same spec and shape of data, by the same version",
                hint="calibrate this one: harness calibrate SPEC",
            )
        )
    return folder.read_table(ERROR_RATES.name)
