"""A first spec for a table: what can be seen of its columns, and the rest asked for."""
