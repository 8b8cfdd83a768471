"""sesame_client.py, for a backend in Python; it needs nothing beside the standard library."""
