"""How the effect of the exposure depends on a moderator."""
