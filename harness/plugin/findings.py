"""Rules on the tables of plugins: what a run says of them, as rows of the table of findings.

Names imported as themselves are public.
"""

from harness.findings.finding import SourceNumbers as SourceNumbers
from harness.findings.finding import finding as finding
from harness.findings.finding import finding_key as finding_key
from harness.findings.rules.effect import LevelEffect as LevelEffect
from harness.findings.rules.headline import HeadlineEffect as HeadlineEffect
from harness.findings.rules.headline import headline_finding as headline_finding
from harness.findings.run import Rule as Rule
from harness.findings.sentence import Estimate as Estimate
from harness.findings.sentence import EstimatorId as EstimatorId
from harness.findings.sentence import Hundredths as Hundredths
from harness.findings.sentence import MeasuredId as MeasuredId
from harness.findings.sentence import ProtocolId as ProtocolId
from harness.findings.sentence import PValue as PValue
from harness.findings.sentence import Ratio as Ratio
from harness.findings.sentence import Reason as Reason
from harness.findings.sentence import Sentence as Sentence
from harness.findings.sentence import Share as Share
from harness.findings.sentence import Statistic as Statistic
from harness.findings.sentence import VariableId as VariableId
from harness.findings.sentence import WholeShare as WholeShare
from harness.findings.sentence import Word as Word
from harness.tables.coefficients import DIAGNOSTICS as DIAGNOSTICS
from harness.tables.decision import ABOVE as ABOVE
from harness.tables.decision import OPEN as OPEN
from harness.tables.decision import SIGNIFICANT as SIGNIFICANT
from harness.tables.decision import UNTESTED as UNTESTED
from harness.tables.decision import Decision as Decision
from harness.tables.decision import decide as decide
from harness.tables.decision import size_of as size_of
from harness.tables.findings import FINDINGS as FINDINGS
from harness.tables.findings import FindingRow as FindingRow
from harness.tables.findings import Screen as Screen
