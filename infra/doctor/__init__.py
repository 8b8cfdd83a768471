"""Reads an account and says what is missing or wrong, with what to do."""
