"""Whether a run folder holds what its run wrote, and its tables what its predictions give."""
