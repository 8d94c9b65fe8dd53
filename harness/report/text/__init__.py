"""Numbers and plain texts as a reader wants them."""
