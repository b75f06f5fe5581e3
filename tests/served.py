"""An app behind a real HTTP server, for clients that will talk to nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from time import sleep

import uvicorn
from fastapi import FastAPI


@contextmanager
def served(app: FastAPI | uvicorn.Config) -> Iterator[str]:
    """Serve an app on a free port of this machine, as it is configured if it is, and give its address."""
    if not isinstance(app, uvicorn.Config):
        app = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning")
    server = uvicorn.Server(app)
    thread = Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
