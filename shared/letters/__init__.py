"""Dead letters: what nobody could work on, to be seen, and to be put back on its queue."""
