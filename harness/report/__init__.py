"""What a reader sees: a run folder turned into HTML, figures, LaTeX and the accuracy-gain report."""
