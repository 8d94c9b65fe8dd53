"""Tables as they are printed, read from CSV, LaTeX and Word as numbers that a run must show."""
