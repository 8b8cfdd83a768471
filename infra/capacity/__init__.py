"""What a load needs and costs, and what breaks first."""
