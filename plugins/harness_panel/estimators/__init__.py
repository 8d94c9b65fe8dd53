"""The estimators, each an adapter of a library's class."""
