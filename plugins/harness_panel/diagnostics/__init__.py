"""Tests of what an estimator assumes."""
