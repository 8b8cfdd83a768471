"""E-mail: the second way to a recipient."""
