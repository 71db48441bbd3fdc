"""Drift over REST."""
