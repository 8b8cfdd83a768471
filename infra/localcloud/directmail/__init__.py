"""The local cloud's mail service: DirectMail 2015-11-23 on the wire."""
