"""Keys for the tokens of verified phones.

python -m infra.token_keys new      a new key: a line for each of the two variables
python -m infra.token_keys public   the second variable, for SESAME_OTP_TOKEN_KEYS as it is set

To rotate, in three deployments: the new key *behind* the old in both variables; ten minutes later,
when no backend holds the old set any more, the new key in front; ten minutes later, without the
old. A key that leaked goes at once, and the tokens of the last minutes with it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence

from nacl.signing import SigningKey

from shared.errors import SettingsInvalid
from shared.ids import random_bytes
from shared.settings import TokenSettings, read_settings

_SECRET, _PUBLIC = "SESAME_OTP_TOKEN_KEYS", "SESAME_OTP_TOKEN_PUBLIC_KEYS"
_SEED_BYTES = 32
_KID_CHARACTERS = 12


def new_seed(random: Callable[[int], bytes] = random_bytes) -> bytes:
    """A private key."""
    return random(_SEED_BYTES)


def kid_of(seed: bytes) -> str:
    """A name for a key: the start of its thumbprint (RFC 7638, RFC 8037 appendix A.3)."""
    members = {"crv": "Ed25519", "kty": "OKP", "x": public_part(seed)}
    digest = hashlib.sha256(json.dumps(members, separators=(",", ":")).encode()).digest()
    return _base64url(digest)[:_KID_CHARACTERS]


def public_part(seed: bytes) -> str:
    """`x` of the key: its public part in base64url."""
    return _base64url(bytes(SigningKey(seed).verify_key))


def secret_setting(seeds: Mapping[str, bytes]) -> str:
    """The value of OTP_TOKEN_KEYS for keys by their names."""
    return ",".join(f"{kid}:{base64.b64encode(seed).decode()}" for kid, seed in seeds.items())


def public_setting(seeds: Mapping[str, bytes]) -> str:
    """The value of OTP_TOKEN_PUBLIC_KEYS for the same keys."""
    return ",".join(f"{kid}:{public_part(seed)}" for kid, seed in seeds.items())


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Print what was asked for; the exit code."""
    if list(arguments) == ["new"]:
        seed = new_seed()
        seeds = {kid_of(seed): seed}
        print(f"{_SECRET}={secret_setting(seeds)}")
        print(f"{_PUBLIC}={public_setting(seeds)}")
        return 0
    if list(arguments) != ["public"]:
        print(__doc__, file=sys.stderr)
        return 2
    given = {"OTP_TOKEN_KEYS": environment.get(_SECRET, ""), "OTP_TOKEN_ISSUER": "https://unused"}
    try:
        (held,) = read_settings(given, TokenSettings)
    except SettingsInvalid as invalid:
        print(f"SESAME_{invalid}", file=sys.stderr)
        return 1
    print(f"{_PUBLIC}={public_setting(held.keys)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
