"""What to do when an alert comes, and the queries to look with, from a terminal."""
