"""Dynamic panels: the lagged outcome as a regressor, instrumented by its own past."""
