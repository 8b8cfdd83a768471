"""The Tablestore SDK without the two lines that it prints at import where its C++ codec is
absent.
"""

from __future__ import annotations

import logging

for _codec in ("tablestore.encoder", "tablestore.decoder"):
    logging.getLogger(_codec).setLevel(logging.CRITICAL)

import tablestore as ots  # noqa: E402  (after its loggers are quiet)

__all__ = ["ots"]
