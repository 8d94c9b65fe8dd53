"""What sections of plugins are made of: the run as it is read, blocks, tables, and numbers in words."""

from harness.findings.gains import GainCell, Gains
from harness.findings.lines import Banded, BandedRow, banded_from
from harness.findings.run import Run
from harness.language import gettext, marked, ngettext, pgettext, translated
from harness.record.manifest import Manifest
from harness.record.study import EstimatorRecord, ProtocolRecord, StudyRecord
from harness.report.blocks import (
    Bullets,
    Definitions,
    Heading,
    NewSentences,
    Paragraph,
    Phrase,
    ReportBlock,
    SmallPrint,
    Tabs,
    Words,
    rich,
    tabs_of,
)
from harness.report.sections.section import ReportFile, Section, featured
from harness.report.table import (
    RecordColumn,
    ReportTable,
    RowGroup,
    TableCell,
    TableColumn,
    TableRow,
    estimate_cell,
    plain_rows,
    record_rows,
    rows_of,
)
from harness.tables.conditional import THRESHOLDS, ThresholdRow
from harness.tables.effects import EFFECT_TESTS, EffectTestRow
from harness.tables.gain import GainStatus
from harness.tables.table import ResultRow, TypedTable, typed
from harness.text.numbers import (
    MISSING,
    EstimateText,
    count,
    estimate,
    fixed,
    interval,
    p_text,
    percent,
    plain,
    significant,
)
from harness.text.plain_text import Footnotes, file_slug, joined, latex, printable, shortened

__all__ = [
    "EFFECT_TESTS",
    "MISSING",
    "THRESHOLDS",
    "Banded",
    "BandedRow",
    "Bullets",
    "Definitions",
    "EffectTestRow",
    "EstimateText",
    "EstimatorRecord",
    "Footnotes",
    "GainCell",
    "GainStatus",
    "Gains",
    "Heading",
    "Manifest",
    "NewSentences",
    "Paragraph",
    "Phrase",
    "ProtocolRecord",
    "RecordColumn",
    "ReportBlock",
    "ReportFile",
    "ReportTable",
    "ResultRow",
    "RowGroup",
    "Run",
    "Section",
    "SmallPrint",
    "StudyRecord",
    "TableCell",
    "TableColumn",
    "TableRow",
    "Tabs",
    "ThresholdRow",
    "TypedTable",
    "Words",
    "banded_from",
    "count",
    "estimate",
    "estimate_cell",
    "featured",
    "file_slug",
    "fixed",
    "gettext",
    "interval",
    "joined",
    "latex",
    "marked",
    "ngettext",
    "p_text",
    "percent",
    "pgettext",
    "plain",
    "plain_rows",
    "printable",
    "record_rows",
    "rich",
    "rows_of",
    "shortened",
    "significant",
    "tabs_of",
    "translated",
    "typed",
]
