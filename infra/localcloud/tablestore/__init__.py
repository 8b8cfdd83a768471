"""A local Tablestore: the service's wide-column part over its real wire protocol, on SQLite."""
