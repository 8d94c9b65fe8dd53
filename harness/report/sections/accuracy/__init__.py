"""Errors and gains of every estimator under every protocol, cell by cell."""
