"""Training loops. Each runs as a child process, knows nothing of Django, and reports by lines on standard output."""
