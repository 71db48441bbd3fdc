"""How each peer serves the model: each file runs alone, in that peer's environment, as its documentation shows it.

The environment tells what to serve (bench.models) and where (`BENCH_PORT`); `BENCH_BATCH` is the largest batch.
"""
