"""Decisions of training: values in, values out."""
