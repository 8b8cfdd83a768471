"""SMS: what goes to the provider, and what its answers mean."""
