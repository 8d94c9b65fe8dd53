"""The page of a calibration: how often a study finds what is not there."""
