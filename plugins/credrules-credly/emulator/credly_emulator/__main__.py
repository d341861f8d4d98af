"""`python -m credly_emulator`: run the emulator until it is stopped."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading

from credly_emulator.server import Server
from credly_emulator.service import ORGANIZATION, TEMPLATE, Service, Start


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m credly_emulator", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="on 127.0.0.1; a free one where left out")
    parser.add_argument("--organization", default=ORGANIZATION)
    parser.add_argument("--template", action="append", metavar="ID", help=f"an active template; {TEMPLATE} if none")
    parser.add_argument("--token", default="emulator-token", help="may read, write and delete")
    parser.add_argument("--limit", type=int, help="requests in one window, for each token")
    parser.add_argument("--window", type=float, default=60.0, help="its seconds")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before every answer")
    parser.add_argument("--lenient", action="store_true", help="take times and tokens that are not documented")
    parser.add_argument("--seed", type=int, default=0, help="of the faults that happen by chance")
    parser.add_argument("--verbose", action="store_true", help="say what is asked, on standard error")
    given = parser.parse_args()
    logging.basicConfig(level=logging.DEBUG if given.verbose else logging.WARNING, stream=sys.stderr)

    service = Service(
        Start(
            organization=given.organization,
            token=given.token,
            templates=tuple(given.template or [TEMPLATE]),
            seed=given.seed,
            behaviour={
                "limit": given.limit,
                "window": given.window,
                "latency": given.latency,
                "lenient": given.lenient,
            },
        )
    )
    server = Server(service, given.port)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"{server.url}/v1", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()


if __name__ == "__main__":
    main()
