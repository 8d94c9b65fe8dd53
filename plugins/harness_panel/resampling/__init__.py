"""The solver of draws and folds: batches of weighted fits with absorbed effects."""
