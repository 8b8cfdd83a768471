"""Simple Log Service: projects, log stores, indexes, dashboards and alerts."""
