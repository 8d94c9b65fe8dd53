"""What a run folder says of the study that was run, and of the run."""
