"""The templates: what they say, what their variables may hold, and what a message costs."""
