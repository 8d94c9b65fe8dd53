"""How sphinx builds the documentation; a warning is an error."""

import sys
from pathlib import Path

from harness import __version__

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "panel-harness"
author = "the authors of panel-harness"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "harness_reference", "mathml"]
exclude_patterns = ["_build", "_ext", "paper"]
html_theme = "furo"
html_title = "panel-harness"
html_static_path = ["_static"]
html_extra_path = ["llms.txt"]
html_css_files = ["formulas.css"]
html_show_sphinx = False
html_show_copyright = False
html_math_renderer = "mathml"
smartquotes = False

myst_enable_extensions = ["dollarmath", "deflist"]
myst_heading_anchors = 3

default_role = "code"
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_type_aliases = {name: name for name in ("Floats", "Ints", "Columns", "SplitUnit")}
nitpicky = True
nitpick_ignore_regex = [
    # What other projects document.
    ("py:.*", r"(numpy|pandas|pd|collections|typing|pathlib|os|matplotlib)\..*"),
    # Aliases of types, which have no page of their own.
    (
        "py:class",
        r"(Floats|Ints|Columns|SplitUnit|AnyPath|Values|Tables|ReportFormat|TableType|TableText|CurveKind|Axes"
        r"|TypeAliasForwardRef)",
    ),
    # What a plugin or a script meets but never has to name.
    ("py:class", r"harness\..*\.(Derivation|ExplainedDerivation|Inference|InnerSplit|NullStatistics)"),
    ("py:class", r"harness\..*\.(Gain|GainCell|EstimatorRecord|ProtocolRecord|Manifest|WithDraws)"),
    ("py:class", r"harness\..*\.(RunReader|Row|View|Record|TypedTable|FileForm|FileSpec|NullScores)"),
    ("py:class", r"harness\..*\.(EntitiesAndTime|(HeldOutEntities|Forward|RandomRows)Protocol)"),
    ("py:class", r"harness\..*\.(FindingRow|GainRow)"),
    ("py:class", r"harness\.report\.blocks\.(Phrase|Prints|ReportBlock|Tabs)"),
    ("py:class", "RunModel"),
    ("py:class", r"Manifest|RunReader|Concluded|Prints|Labels|Figure|(Mapping|dict|tuple|Literal)\[.*"),
    # Variables of types.
    ("py:class", r"harness\..*\.[TV]"),
]
