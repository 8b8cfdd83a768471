"""The local cloud's Security Token Service: STS 2015-04-01 on the wire."""
