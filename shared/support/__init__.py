"""Why somebody got no code: what happened to each attempt, in plain words, and what to do next."""
