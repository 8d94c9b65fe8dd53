"""The solver of fits, draws and folds: weighted regressions with absorbed effects."""
