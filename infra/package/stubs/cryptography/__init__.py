"""In the place of cryptography, which the SDK needs for RSA signatures only (see hazmat)."""
