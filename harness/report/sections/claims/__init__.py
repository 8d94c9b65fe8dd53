"""Published numbers beside those recomputed from them and those of the run."""
