"""The net effect of the exposure on its whole range, with its turning points."""
