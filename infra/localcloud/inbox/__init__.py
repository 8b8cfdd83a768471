"""What the phones of the local cloud received and answered."""
