"""Function Compute's built-in Python runtime: each function instance is a process of its own."""
