"""Writes of drift."""
