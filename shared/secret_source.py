"""Secrets by name: a setting whose value is `kms:<name>` stands for the secret of that name, so
that the environment of a function holds no key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

PREFIX = "kms:"

SecretSource = Callable[[str], str]
"""The text of a secret. Raises SettingsInvalid if there is none, ProviderUnavailable if it cannot
be had now.
"""


def with_secrets(
    environment: Mapping[str, str], open_source: Callable[[], SecretSource]
) -> Mapping[str, str]:
    """The environment with every secret in its place. The source is opened only if one is named,
    and asked once for each name.
    """
    named = {
        key: value.removeprefix(PREFIX)
        for key, value in environment.items()
        if value.startswith(PREFIX)
    }
    if not named:
        return environment
    source = open_source()
    texts = {name: source(name) for name in dict.fromkeys(named.values())}
    return {**environment, **{key: texts[name] for key, name in named.items()}}
