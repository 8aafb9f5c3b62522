# SPDX-License-Identifier: Apache-2.0
"""A TCP server behind a network with latency.

    with FarAway(port, seconds=0.05) as far:    each byte takes that long, in either direction
        far.port                                a loopback port for one client
"""

import selectors
import socket
import threading
import time
from collections import deque


class FarAway:
    def __init__(self, port: int, seconds: float):
        self.near, self.seconds = port, seconds
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.carry, daemon=True)

    def __enter__(self) -> "FarAway":
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.thread.join(timeout=20)
        assert not self.thread.is_alive(), "the client did not hang up"
        self.listener.close()

    def carry(self) -> None:
        client, _ = self.listener.accept()
        server = socket.create_connection(("127.0.0.1", self.near))
        ends, on_the_way = {client: server, server: client}, deque()
        with selectors.DefaultSelector() as ready:
            for end in ends:
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                ready.register(end, selectors.EVENT_READ)
            while ends[client]:
                left = on_the_way[0][0] - time.monotonic() if on_the_way else None
                for key, _ in ready.select(left if left is None or left > 0 else 0):
                    on_the_way.append((time.monotonic() + self.seconds, ends[key.fileobj], key.fileobj.recv(65536)))
                    if not on_the_way[-1][2]:
                        ready.unregister(key.fileobj)
                while on_the_way and on_the_way[0][0] <= time.monotonic():
                    _, to, data = on_the_way.popleft()
                    if not data:    # one end hung up
                        ends[client] = None
                        break
                    to.sendall(data)
        client.close()
        server.close()
