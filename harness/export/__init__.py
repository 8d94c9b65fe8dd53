"""The linear cells of a run as scripts for other programs, next to the data that they were fitted on."""
