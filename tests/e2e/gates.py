# SPDX-License-Identifier: Apache-2.0
"""A server with ranges that stops at bytes a test names, and counts what it has sent.

    server = GateServer(certificate, data)      TLS on a free port of the loopback: .port, .url; stop() at the end
    server.stops = [n, ...]                     at each of these offsets of the file, once: wait until the client has taken
                                                all that was sent, then do what `server.act` says:
                                                HOLD   say nothing more; server.held is set
                                                CLOSE  end the connection     RESET  break it
                                or, when it is a function: call it at once, and go on
    server.sent, server.wasted                  bytes of bodies so far, and those of them that were sent before already
    server.reached                              where clients have reached it: its own addresses, a connection each
    server.has_ranges = False                   then it sends the whole file, whatever it is asked for
"""

import os
import re
import socket
import ssl
import struct
import threading
from pathlib import Path

HOLD, CLOSE, RESET = "hold", "close", "reset"
PIECE = 16384


def queues(port: int, peer: int) -> int:
    """Bytes between the two ends of a connection on the loopback that nobody has read yet."""
    ends = {f"{port:04X}:{peer:04X}", f"{peer:04X}:{port:04X}"}
    waiting = 0
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, here, there, _, queue = line.split()[:5]
        if f"{here.split(':')[1]}:{there.split(':')[1]}" in ends:
            waiting += sum(int(part, 16) for part in queue.split(":"))
    return waiting


def is_asleep(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "S"


def traced_by(pid: int) -> int:
    """The program that this strace looks at; 0: it is no strace."""
    if Path(f"/proc/{pid}/comm").read_text().strip() != "strace":
        return 0
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


class GateServer:
    def __init__(self, certificate, data: bytes, validator: str = '"one"', listener=None):
        self.data, self.validator, self.has_ranges = data, validator, True
        self.stops, self.act, self.held = [], HOLD, threading.Event()
        self.sent, self.requests, self.spans, self.reached = 0, [], [], []
        self.lock, self.ended = threading.Lock(), False
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate.cert, certificate.key)
        self.listener = listener or socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"https://localhost:{self.port}/image"
        self.clients = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.clients.append(client)
            threading.Thread(target=self.greet, args=(client,), daemon=True).start()

    def greet(self, client):
        try:
            self.peer = client.getpeername()[1]
            self.reached.append(client.getsockname()[0].removeprefix("::ffff:"))
            tls = self.context.wrap_socket(client, server_side=True)
            while self.answer(tls):
                pass
            tls.close()
        except OSError:  # the client went away
            client.close()

    # ---- one request

    def answer(self, tls) -> bool:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            more = tls.recv(4096)
            if not more:
                return False
            head += more
        text = head.decode()
        self.requests.append(text)
        start, end, is_part = self.span(text)
        lines = [f"HTTP/1.1 {'206 Partial Content' if is_part else '200 OK'}", f"Content-Length: {end - start}"]
        lines += [f"ETag: {self.validator}"] if self.validator else []
        lines += ["Accept-Ranges: bytes"] if self.has_ranges else []
        lines += [f"Content-Range: bytes {start}-{end - 1}/{len(self.data)}"] if is_part else []
        tls.sendall("\r\n".join([*lines, "", ""]).encode())
        return self.send(tls, start, end)

    def span(self, text: str) -> tuple[int, int, bool]:
        asked = re.search(r"^range: *bytes=(\d+)-(\d*)\r$", text, re.I | re.M)
        only_if = re.search(r"^if-range: *(.*)\r$", text, re.I | re.M)
        if not asked or not self.has_ranges or (only_if and only_if[1] != self.validator):
            return 0, len(self.data), False
        end = int(asked[2]) + 1 if asked[2] else len(self.data)
        return int(asked[1]), min(end, len(self.data)), True

    def send(self, tls, start: int, end: int) -> bool:
        at = start
        while at < end:
            if at in self.stops and at > start and not self.pause(tls, at):
                return False
            to = min([at + PIECE, end] + [other for other in self.stops if other > at])
            tls.sendall(self.data[at:to])
            with self.lock:
                self.sent += to - at
                self.spans.append((at, to))
            at = to
        return True

    def pause(self, tls, stop: int) -> bool:
        """Does it go on?"""
        if callable(self.act):
            self.stops.remove(stop)
            self.act()
            return True
        peer = tls.getpeername()[1]
        while queues(self.port, peer) > 0 and not self.ended:
            os.sched_yield()
        self.stops.remove(stop)
        if self.act == RESET:
            tls.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if self.act in (CLOSE, RESET):
            socket.close(tls.detach())
            return False
        self.held_peer = peer
        self.held.set()
        tls.recv(1)  # until the client goes
        return False

    # ---- what tests ask

    def wait_for_kill(self, process) -> None:
        """The server is silent and the process has dealt with all it got: nothing happens any more."""
        while not self.held.wait(0.05):
            assert process.poll() is None, "the program ended before the server stopped"
        pid = traced_by(process.pid) or process.pid
        while not (queues(self.port, self.held_peer) == 0 and is_asleep(pid) and
                   queues(self.port, self.held_peer) == 0):
            os.sched_yield()

    @property
    def wasted(self) -> int:
        with self.lock:
            return self.sent - sum(end - start for start, end in merge(self.spans))

    def stop(self) -> None:
        self.ended = True
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def merge(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
