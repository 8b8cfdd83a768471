"""What an operator sees: one JSON line an event, with nothing in it that must not be seen."""
