"""The FC 3.0 OpenAPI (2023-03-30): functions that a deploy tool makes are then run."""
