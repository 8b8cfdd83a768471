"""A name that the SDK imports; it is read only from an open connection, of which there is none."""

from __future__ import annotations


class ABNF:
    pass
