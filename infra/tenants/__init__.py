"""Tenants' API keys: made, listed, limited, rotated, revoked."""
