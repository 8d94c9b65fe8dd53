"""Run a study: its tasks, the workers that do them, and the folder that their results are written to."""
