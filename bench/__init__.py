"""Measures Quartet beside its peers on this machine: `make bench`. What it found stands in docs/benchmarks.md.

models/     the code that is served, the same behind every server
servers/    one file a server: how each serves it; they run in the peers' own environments
drift/      streams made to drift, for the part of that name
training/   a training job, and the bare loop it is set beside
parts/      what is measured; each has its rows, its columns and its targets
the rest    installs, starts, drives, ends, counts and writes the page
"""
