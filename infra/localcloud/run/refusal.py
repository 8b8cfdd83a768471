"""Why a local cloud did not start, for the person at the terminal: lines, not a traceback."""

from __future__ import annotations


class StartRefused(Exception):
    """The cloud cannot start; the text says why and what to do, one cause a line."""
