# SPDX-License-Identifier: Apache-2.0
"""A TLS server that says exactly what a test tells it to say, for what real servers will not do on demand.

    head       head(length, status, *header lines, keep=False) -> bytes of an answer's head; keep: the connection stays
    liar       liar(*steps, certificate=..., address="127.0.0.1", port=0) -> Liar: port, requests. A client's n-th connection gets steps[n] (the last one again and
               again): bytes to send, CLOSE (end without a TLS goodbye), HANG (say nothing more until the client goes),
               NEXT (wait for another request on this connection).
               Connections whose handshake fails do not count.
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
