"""The first rule that matches an event says what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shared.mapping.rule import MappedNotification, Rule


class EventMap:
    """Maps CloudEvents by `rules`, in their order."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = tuple(rules)

    def map_event(self, event: Mapping[str, object]) -> MappedNotification | None:
        """The notification that an event asks for; None if no rule is for it. Raises MappingFailed
        if one is, and something that it needs is missing.
        """
        for rule in self._rules:
            if rule.matches(event):
                return rule.apply(event)
        return None
