"""The servers of the one-command default, and the supervisor that watches them. Nothing here imports Django."""
