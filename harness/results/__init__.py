"""A finished run as a script or a notebook sees it."""
