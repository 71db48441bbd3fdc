"""The Prometheus edge and what is told over REST."""
