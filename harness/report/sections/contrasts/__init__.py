"""Differences between the values of an exposure that has few."""
