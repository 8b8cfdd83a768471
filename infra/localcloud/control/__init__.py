"""The control plane: how tests and people look into the local cloud and make it misbehave."""
