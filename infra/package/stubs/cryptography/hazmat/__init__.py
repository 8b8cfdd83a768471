"""Holds the primitives that the SDK imports by name."""
