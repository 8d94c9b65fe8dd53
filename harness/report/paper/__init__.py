"""Tables for a paper: the results of a run as journals print them, each for four programs."""
