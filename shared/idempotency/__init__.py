"""One key, one effect: a repeated request gets the first one's answer."""
