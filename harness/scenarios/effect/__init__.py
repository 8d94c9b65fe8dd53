"""Debiased effects of the exposure, with errors that hold under entity effects."""
