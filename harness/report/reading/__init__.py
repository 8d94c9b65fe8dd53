"""A finished run as typed values, read once from its tables."""
