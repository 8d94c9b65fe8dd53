"""The debiased effect under other choices, and where there can be none."""
