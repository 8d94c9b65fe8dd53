"""Errors by losses other than squared error."""
