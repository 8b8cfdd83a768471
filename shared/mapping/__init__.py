"""From other systems' events to notifications, by rules that are data (rules/*.json)."""
