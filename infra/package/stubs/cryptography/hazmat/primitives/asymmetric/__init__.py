"""Holds the padding module that the SDK imports by name."""
