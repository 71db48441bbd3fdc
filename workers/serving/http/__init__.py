"""HTTP/1.1 for the gateway: connections with limits, requests as exchanges, whole or streamed answers."""
