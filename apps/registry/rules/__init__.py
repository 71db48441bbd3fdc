"""Decisions of the registry: values in, values out. No database, no clock, no disk."""
