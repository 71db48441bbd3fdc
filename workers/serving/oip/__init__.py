"""Open Inference Protocol v2 over HTTP, JSON and binary form: bytes in, samples out, and back. Pure: no IO."""
