"""Money: what tenants may spend, have spent, and when sending stops altogether."""
