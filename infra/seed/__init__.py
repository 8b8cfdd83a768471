"""A month of invented figures, to look at the console with and to measure it by."""
