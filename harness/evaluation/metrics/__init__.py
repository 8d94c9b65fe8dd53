"""Losses that predictions are compared by, beside squared error."""
