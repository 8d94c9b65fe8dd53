"""The first screen of the report: one sentence, one figure of gains and one curve for each outcome."""
