"""Puts the product's templates up for review at the provider, and tells how far they are."""
