"""Webhooks: a tenant's own server as a way to its users."""
