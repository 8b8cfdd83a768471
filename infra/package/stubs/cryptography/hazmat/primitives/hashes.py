"""Imported by name; the key is loaded before it is used, and that fails (see serialization)."""
