"""Notifications: accepted once, sent once, and what became of each."""
