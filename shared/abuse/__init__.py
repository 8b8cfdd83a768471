"""Traffic that nobody reads: numbers that are enumerated, and codes that are never typed."""
