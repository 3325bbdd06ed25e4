"""The socket: on this machine only."""

from __future__ import annotations

import socket
from collections.abc import Callable

from ...errors import LiveError, OutputError
from ...protocols import Synthesizer
from ..stores import Store, reason

HOST = "127.0.0.1"


def serve(store: Store, synthesizer: Synthesizer, port: int, announce: Callable[[str], None]) -> None:
    """Serve an archive until Ctrl-C.

    Args:
        store: the archive.
        synthesizer: speaks.
        port: of the server; 0 for a free one.
        announce: is given the address with the token, once the server answers there.

    Raises:
        LiveError: the extra ``serve`` is not installed.
        OutputError: the port is taken.
    """
    try:
        import uvicorn

        from .app import create_app
        from .guard import new_token
    except ModuleNotFoundError as error:
        raise LiveError(
            f"the pages need {error.name}, which is not installed; run: pip install 'speechzip[serve]'"
        ) from error
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    with listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOST, port))
        except OSError as error:
            raise OutputError(f"port {port} cannot be used: {reason(error)}; choose another port") from error
        bound = int(listening.getsockname()[1])
        token = new_token()
        app = create_app(store, synthesizer, token, bound)
        listening.listen(128)
        announce(f"http://{HOST}:{bound}/{token}/")
        config = uvicorn.Config(app, log_level="error", access_log=False, server_header=False, lifespan="off")
        uvicorn.Server(config).run(sockets=[listening])
