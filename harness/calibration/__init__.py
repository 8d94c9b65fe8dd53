"""How often a study finds what is not there: the study repeated on panels with a known truth."""
