"""Signed tokens: the proof of a verified phone, which whoever holds it checks without asking us."""
