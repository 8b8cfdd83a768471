"""The local cloud's message queue: SMQ (formerly MNS) 2015-06-06 on the wire."""
