"""The HTTP API, version 1: where bytes become the values of the rooms, and back."""
