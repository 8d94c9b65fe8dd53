"""The section of debiased effects."""
