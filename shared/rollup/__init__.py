"""What became of all messages, counted as it happens, and totals of it by hour and day."""
