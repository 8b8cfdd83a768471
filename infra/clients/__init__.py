"""Clients of the API, each one file to copy: Python and JavaScript."""
