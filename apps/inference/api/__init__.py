"""The REST edge of this app, a file a noun."""
