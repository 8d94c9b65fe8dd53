"""Tasks of a study, the workers that run them, and what their results are assembled into."""
