"""Holds the three modules that the SDK imports by name."""
