"""What the functions stand on, as data, and the command that plans and applies it."""
