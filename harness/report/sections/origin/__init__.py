"""Where the gain comes from: the in-sample gain taken apart."""
