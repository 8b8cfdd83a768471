"""KMS Secrets Manager: secrets by name, as far as reading them goes."""
