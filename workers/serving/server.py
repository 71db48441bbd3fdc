"""The web server under the gateway: uvicorn with our protocol, without what the hot path has no use for."""

import resource

import uvicorn
from uvicorn._types import ASGIApplication

from workers.serving.config import GatewayConfig
from workers.serving.protocol import Protocol


def build(app: ASGIApplication, config: GatewayConfig) -> uvicorn.Server:
    """The server, ready to run."""
    # Twice as many connections may be open for a moment (see Protocol), and the gateway needs some files itself.
    Protocol.max_connections = min(Protocol.max_connections, _allow_files(3 * Protocol.max_connections) // 3)
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=config.bind,
            port=config.port,
            loop="uvloop",
            http=Protocol,
            ws="none",
            proxy_headers=False,
            lifespan="on",
            access_log=False,
            server_header=False,
            date_header=False,
            log_config=None,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=30,
        )
    )


def _allow_files(wanted: int) -> int:
    """Raise this process's limit of open files as far as wanted, and as the system lets us; what it is then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return wanted if soft == resource.RLIM_INFINITY else soft
