"""Pages on a real port, for browsers."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp


@contextmanager
def served(app: ASGIApp, port: int) -> Generator[None]:
    """Serve an application on this machine inside of the block."""
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), f"port {port} cannot be used"
            time.sleep(0.05)
        yield
    finally:
        server.should_exit = True
        thread.join()
