"""What calls functions other than HTTP: queues through EventBridge, timers, topics, the bus."""
