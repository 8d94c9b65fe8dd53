"""Every result table of a run, declared once by the type of its rows; a topic a file."""
