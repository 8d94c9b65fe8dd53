"""A plugin to start from: a distribution of its own with a working estimator."""
