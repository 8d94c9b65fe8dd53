"""A finished run as a replication archive: what it takes to run it again, and what to compare with."""
