"""What of the real cloud is here, what is only inferred, and what is absent: read from the code, so
that the table cannot say more than there is.
"""
