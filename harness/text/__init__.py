"""Numbers, lists and sentences as a reader wants them, in the language in use."""
