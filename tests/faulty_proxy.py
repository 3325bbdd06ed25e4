"""A proxy on loopback with the faults of real links: delay, stall, damage, cut."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager


class FaultyProxy:
    """Carries bytes both ways between a caller and a port; its faults can be changed at any time."""

    def __init__(self, target_port: int, seed: int = 0) -> None:
        self.port = 0
        self.delay_s = 0.0
        self.cut_after: int | None = None
        """A connection is cut after this many bytes (both ways together), even in the middle of a frame."""
        self.damage_share = 0.0
        """Share of the blocks in which one bit is flipped."""
        self.refusing = False
        self.connections = 0
        self._target_port = target_port
        self._random = random.Random(seed)
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def stall(self) -> None:
        """Let nothing through, without closing anything."""
        self._flowing.clear()

    def flow(self) -> None:
        """Let all through again."""
        self._flowing.set()

    def cut(self) -> None:
        """Break every connection at once, without a goodbye."""
        for writer in self._writers:
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        writers = [writer]
        try:
            if self.refusing:
                return
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
            writers.append(far_writer)
            self._writers.update(writers)
            budget = [self.cut_after]
            ways = [
                asyncio.ensure_future(self._carry(reader, far_writer, budget)),
                asyncio.ensure_future(self._carry(far_reader, writer, budget)),
            ]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        except OSError:
            pass
        finally:
            for each in writers:
                each.transport.abort()
                self._writers.discard(each)
            self._tasks.discard(task)

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, budget: list[int | None]
    ) -> None:
        while data := await reader.read(4096):
            await self._flowing.wait()
            await asyncio.sleep(self.delay_s)
            if self._random.random() < self.damage_share:
                damaged = bytearray(data)
                damaged[self._random.randrange(len(data))] ^= 1 << self._random.randrange(8)
                data = bytes(damaged)
            left = budget[0]
            if left is not None:
                data, budget[0] = data[:left], left - len(data)
            writer.write(data)
            await writer.drain()
            if left is not None and left <= len(data):
                return

    async def close(self) -> None:
        self.flow()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def faulty_proxy(target_port: int, seed: int = 0) -> AsyncGenerator[FaultyProxy, None]:
    """Run a proxy in front of a port on loopback."""
    proxy = FaultyProxy(target_port, seed)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        await proxy.close()
        await server.wait_closed()
