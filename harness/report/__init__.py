"""What a reader sees: a run folder turned into an HTML report, figures, tables and the accuracy-gain report."""
