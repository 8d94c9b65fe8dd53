"""The estimators with their options, warnings, and cells without a result."""
