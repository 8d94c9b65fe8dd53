"""Rules on rows of tables: what of them is said, with which numbers; a file a topic."""
