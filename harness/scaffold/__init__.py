"""A plugin to start from: a distribution of its own with a working estimator, or a member of another kind."""
