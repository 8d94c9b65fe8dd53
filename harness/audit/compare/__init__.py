"""Compare two run folders, number by number."""
