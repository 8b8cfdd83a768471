"""Dead letters: to see what is there, and to put it back on its queue or to drop it."""
