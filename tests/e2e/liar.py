# SPDX-License-Identifier: Apache-2.0
"""A TLS server that says exactly what a test tells it to say, for what real servers will not do on demand.

    head       head(length, status, *header lines, keep=False) -> bytes of an answer's head; keep: the connection stays
    ranged     ranged(data, tag='"a"', cut=None) -> a step: a part of the data, or all of it, as an honest server sends it; of its
               body no more than cut bytes
    liar       liar(*steps, certificate=..., address="127.0.0.1", port=0) -> Liar: port, requests. A client's n-th connection gets
               steps[n] (the last one again and again): bytes to send, or a function of the request that makes them, CLOSE (end
               without a TLS goodbye), HANG (say nothing more until the client goes), NEXT (wait for another request on this
               connection). Connections whose handshake fails do not count.
"""

import socket
import ssl
import threading

import pytest

CLOSE = "close without close_notify"
HANG = "hang"
NEXT = "next request"


def head(length=None, status="200 OK", *lines, keep=False) -> bytes:
    lines = [f"HTTP/1.1 {status}", *lines] + ([f"Content-Length: {length}"] if length is not None else [])
    return "\r\n".join([*lines, *([] if keep else ["Connection: close"]), "", ""]).encode()


def ranged(data: bytes, tag: str | None = '"a"', cut: int | None = None):
    def answer(request: bytes) -> bytes:
        fields = dict(line.lower().split(": ", 1) for line in request.decode().split("\r\n")[1:] if line)
        lines = ["Accept-Ranges: bytes"] + ([f"ETag: {tag}"] if tag else [])
        if "range" not in fields or fields.get("if-range", tag) != tag:
            return head(len(data), "200 OK", *lines) + data[:cut]
        start, end = fields["range"].removeprefix("bytes=").split("-")
        body = data[int(start):int(end) + 1 if end else None]
        if not body:
            return head(0, "416 Range Not Satisfiable", f"Content-Range: bytes */{len(data)}")
        at = f"Content-Range: bytes {start}-{int(start) + len(body) - 1}/{len(data)}"
        return head(len(body), "206 Partial Content", at, *lines) + body[:cut]
    return answer


class Liar:
    def __init__(self, steps, certificate, address="127.0.0.1", port=0):
        self.steps, self.requests, self.connections = steps, [], 0
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate.cert, certificate.key)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.listener = socket.create_server((address, port), family=family)
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            try:
                self.talk(plain)
            except OSError:  # the client went away, or refused our certificate
                plain.close()

    @staticmethod
    def hear(tls):
        """One request; None when the client has gone."""
        request = b""
        while not request.endswith(b"\r\n\r\n"):
            more = tls.recv(4096)
            if not more:
                return None
            request += more
        return request

    def talk(self, plain):
        with self.context.wrap_socket(plain, server_side=True) as tls:
            request = self.hear(tls)
            if request is None:
                return
            steps = self.steps[min(self.connections, len(self.steps) - 1)]
            self.connections += 1
            self.requests.append(request)
            for step in steps:
                if step == NEXT:
                    request = self.hear(tls)
                    if request is None:
                        return
                    self.requests.append(request)
                    continue
                if callable(step):
                    step = step(request)
                if step == CLOSE:
                    plain = tls.detach()
                    socket.close(plain)
                    return
                if step == HANG:
                    tls.recv(1)
                    return
                tls.sendall(step)
            tls.unwrap()

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


@pytest.fixture
def liar(certificate):
    liars = []

    def start(*steps, certificate=certificate, **where) -> Liar:
        liars.append(Liar(steps, certificate, **where))
        return liars[-1]

    yield start
    for one in liars:
        one.stop()
