"""Members of every kind but estimators, and the laws of each kind."""
