"""Placeholder replaced by the plugin's own module."""
