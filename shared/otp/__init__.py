"""One-time passwords: a code goes out, and opens the door once."""
