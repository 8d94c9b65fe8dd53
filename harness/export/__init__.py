"""The linear cells of a run as scripts for other programs, beside the data that they were fitted on."""
