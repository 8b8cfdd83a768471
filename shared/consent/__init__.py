"""What people want: no promotions, this channel rather than that, nothing at night."""
