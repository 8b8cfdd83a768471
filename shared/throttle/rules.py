"""Whom this service sends to at all: lists that no counter can wear down."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from shared.errors import DestinationNotAllowed, Forbidden
from shared.send_facts import SendFacts

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

NO_COUNTRY = "001"
"""Numbers of no country: satellites and international networks, dear to send to and rarely a
person's. Denied unless they are allowed by name.
"""


@dataclass(frozen=True, slots=True, repr=False)
class SendRules:
    """What is allowed and what is not. Numbers and prefixes in E.164, countries as ISO 3166.

    A number that is allowed by name passes every other list of destinations. `countries` empty:
    all but those of `denied_countries`; else only these.
    """

    countries: frozenset[str] = frozenset()
    denied_countries: frozenset[str] = frozenset({NO_COUNTRY})
    numbers: frozenset[str] = frozenset()
    denied_numbers: frozenset[str] = frozenset()
    denied_prefixes: tuple[str, ...] = ()
    denied_addresses: tuple[Network, ...] = ()

    def check(self, facts: SendFacts) -> None:
        """Raises DestinationNotAllowed for the number, Forbidden for the address that asks."""
        if facts.client_ip and self._is_denied(facts.client_ip):
            raise Forbidden
        if facts.phone.e164 in self.numbers:
            return
        if (
            facts.phone.e164 in self.denied_numbers
            or facts.phone.e164.startswith(self.denied_prefixes)
            or facts.phone.country in self.denied_countries
            or (self.countries and facts.phone.country not in self.countries)
        ):
            raise DestinationNotAllowed

    def _is_denied(self, client_ip: str) -> bool:
        address = ipaddress.ip_address(client_ip)
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        return any(address in network for network in self.denied_addresses)
