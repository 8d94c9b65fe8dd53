"""The figures of sections that need matplotlib, loaded where a report draws them."""
