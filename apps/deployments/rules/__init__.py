"""Decisions about deployments as functions of values: no database, no clock, no IO in this folder."""
