"""Whether published numbers agree with each other, by checks that need no data."""
