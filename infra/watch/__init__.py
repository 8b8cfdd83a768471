"""Indexes, dashboards and alert rules, as files that the apply command installs."""
