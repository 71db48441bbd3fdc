"""Is a process ready for work? Each probe asks it for real, once."""

import http.client

from controlplane.embedded.process import Probe

_TIMEOUT_SECONDS = 5.0


def http_ok(host: str, port: int, path: str) -> Probe:
    """Ready when GET `path` answers 200. Goes straight to the port: a proxy of the environment has no say."""

    def probe() -> bool:
        connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT_SECONDS)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return probe
