"""What is seen of dead letters, and the port to the queue that they are in."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Protocol

from shared.letters.letter import Letter


@dataclass(frozen=True, slots=True, repr=False)
class Seen:
    """A letter as it lies there, touched by nobody. died_ms: UTC epoch; by the letter's own word,
    or else when it came to the queue.
    """

    message_id: str
    letter: Letter
    died_ms: int


@dataclass(frozen=True, slots=True, repr=False)
class Held:
    """A letter that is hidden from others until it is deleted, released, or 300 s are over."""

    message_id: str
    handle: str
    letter: Letter


@dataclass(frozen=True, slots=True)
class Count:
    """How many letters wait, and how many are in somebody's hands and will be seen again."""

    waiting: int
    held: int


class LetterBox(Protocol):
    """Looks at dead letters and takes none. All raise QueueUnavailable."""

    def peek(self) -> list[Seen]:
        """The first 16 that nobody holds."""

    def count(self) -> Count | None:
        """How many there are; None if the service does not tell."""


class LetterQueue(Protocol):
    """Takes dead letters out."""

    def take(self) -> Generator[Held, None, None]:
        """Every letter there is, each once; close it to stop early, and the rest is released.
        Raises QueueUnavailable.
        """

    def delete(self, held: Held) -> bool:
        """Whether it is gone for good; if not, it will be seen again."""

    def release(self, held: Held) -> None:
        """Let others see it again at once, or when its time is over, should that fail."""
