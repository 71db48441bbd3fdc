"""`python -m tests.embedded.serve HOME`: both servers until standard input closes; prints their addresses as JSON."""

import json
import sys
from pathlib import Path

from controlplane.embedded.errors import OperatorError
from controlplane.embedded.servers import servers

if __name__ == "__main__":
    try:
        with servers(Path(sys.argv[1]), {}) as addresses:
            print(json.dumps(addresses), flush=True)
            sys.stdin.read()
    except OperatorError as error:
        sys.exit(str(error))
