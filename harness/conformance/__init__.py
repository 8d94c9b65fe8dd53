"""The conformance kit: whether what a plugin offers keeps the contract, and estimators find known truths.

In the tests of a plugin::

    @pytest.mark.parametrize("check", checks_for("my_plugin"), ids=str)
    def test_conformance(check):
        check.run()
"""

from harness.conformance.checks import checks_for, checks_of, checks_of_member
from harness.conformance.panels import Check, Verdict

__all__ = ["Check", "Verdict", "checks_for", "checks_of", "checks_of_member"]
