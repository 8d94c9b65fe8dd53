"""Numbers and sentences as a reader wants them."""
