"""Limits that never admit more than they say, whatever runs in parallel."""
