"""Check a run folder against its hashes and against itself."""
