"""Which requests the server answers, and what its answers allow the browser."""

from __future__ import annotations

import secrets

from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = "; ".join(
    [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "media-src 'self'",
        "connect-src 'self'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'",
    ]
)  # fmt: skip
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}

POLICY_VIOLATION = 1008
"""Code of a closed WebSocket (RFC 6455); one that was not accepted yet is answered with 403."""


def new_token() -> str:
    """Return a token of 128 random bits."""
    return secrets.token_urlsafe(16)


class Guard:
    """Lets through requests of the user's own browser from the printed address, and refuses all others.

    - The Host must be the server's own: a foreign name that points to this machine (DNS rebinding) is refused.
    - The Origin, if the browser sends it, must be the server's own. Requests from other sites are refused.
    - The path must begin with the token. Without it, nothing reveals that there is an archive.
    - Only GET and HEAD: nothing changes the archive.
    - No WebSocket: the pages open none.
    """

    def __init__(self, app: ASGIApp, token: str, port: int) -> None:
        self._app = app
        self._token = token
        self._hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost")}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer an ASGI request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
        if scope["type"] != "http":
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        status = self._refusal(scope, headers)
        if status:
            await _refuse(send, status)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name for name, _ in message["headers"]}
                more = [(k.encode(), v.encode()) for k, v in HEADERS.items() if k.encode() not in own]
                message = {**message, "headers": [*message["headers"], *more]}
            await send(message)

        await self._app(scope, receive, send_guarded)

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> int:
        """Return the status code of a refusal; 0 if the request is allowed."""
        if headers.get("host", "") not in self._hosts:
            return 403
        origin = headers.get("origin")
        if origin is not None and origin not in {f"http://{host}" for host in self._hosts}:
            return 403
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            return 403
        first = scope["path"].split("/")[1] if scope["path"].startswith("/") else ""
        if not secrets.compare_digest(first.encode(), self._token.encode()):
            return 404
        return 0 if scope["method"] in ("GET", "HEAD") else 405


async def _refuse(send: Send, status: int) -> None:
    body = {403: b"Forbidden", 404: b"Not Found", 405: b"Method Not Allowed"}[status]
    headers = [(b"content-type", b"text/plain"), *((k.encode(), v.encode()) for k, v in HEADERS.items())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
