"""Training measured: a job's own process, started as its host starts it, and the same steps in a bare loop."""
