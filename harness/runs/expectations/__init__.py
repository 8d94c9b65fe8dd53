"""Expected numbers beside those of a run: the table ``expectations``, and what a run needs to give them."""
