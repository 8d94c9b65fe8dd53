"""Published numbers next to those recomputed from them and those of the run."""
