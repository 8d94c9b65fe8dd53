"""Whether a run folder is as written, and what differs between two."""
