"""Quantiles of the outcome given the regressors, with effects of entities and periods."""
