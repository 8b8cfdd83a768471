"""The cloud on a laptop: local services that speak the real wire protocols.

A product of its own: nothing here imports `shared` or `functions`, and nothing of it is shipped
with them.
"""
