"""The section of robustness."""
