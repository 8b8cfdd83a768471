"""In the place of APScheduler, which only the ECS RAM role provider starts (see schedulers)."""
