"""The ready file: how a script learns that the cloud is up, where it listens and with which keys.

It appears whole and last, by a rename, so that a reader who sees it may start at once.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path


def write_ready_file(file: Path, content: Mapping[str, object]) -> None:
    """Put `content` as JSON into `file` in one step, readable by its owner alone."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as stream:
        stream.write(json.dumps(content, indent=2) + "\n")
    draft.replace(file)


def clear_ready_file(file: Path | None) -> None:
    """Take away what an earlier run left, so that nobody mistakes it for this one's."""
    if file is not None:
        file.unlink(missing_ok=True)
