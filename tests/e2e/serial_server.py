# SPDX-License-Identifier: Apache-2.0
"""A serial server by pyserial's own RFC 2217 code, with a tandem-sim behind it: an implementation that is not ours.

    with SerialServer(sim) as server:
        server.port     rfc2217://127.0.0.1:PORT, for one client
        server.rates    the first one, then what the client set, in order
        server.purges   how often it had the input dropped
"""

import select
import socket
import threading

from serial import rfc2217


class Line:
    """What pyserial's PortManager takes for a serial port. DTR and RTS reach the pins as through two transistors."""
    bytesize, parity, stopbits, xonxoff, rtscts = 8, "N", 1, False, False
    cts = dsr = ri = cd = False

    def __init__(self, sim):
        self.sim, self.rates, self.purges = sim, [9600], 0
        self.wire = socket.create_connection(("127.0.0.1", sim.tcp_port))
        self.lines = {"dtr": False, "rts": False}

    def move(self, name: str, on: bool) -> None:
        self.lines[name] = on
        dtr, rts = self.lines["dtr"], self.lines["rts"]
        if not (dtr and rts):       # EN rises slower than both can change
            for order in (f"boot {int(dtr)}", f"reset {int(rts)}"):
                assert self.sim.control(order) == "ok"

    baudrate = property(lambda self: self.rates[-1], lambda self, rate: self.rates.append(rate))
    dtr = property(lambda self: self.lines["dtr"], lambda self, on: self.move("dtr", on))
    rts = property(lambda self: self.lines["rts"], lambda self, on: self.move("rts", on))

    def reset_input_buffer(self) -> None:
        self.purges += 1
        while select.select([self.wire], [], [], 0)[0] and self.wire.recv(65536):
            pass

    def reset_output_buffer(self) -> None:
        pass


class SerialServer:
    def __init__(self, sim):
        self.line = Line(sim)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = f"rfc2217://127.0.0.1:{self.listener.getsockname()[1]}"
        self.thread = threading.Thread(target=self.serve, daemon=True)

    rates = property(lambda self: self.line.rates)
    purges = property(lambda self: self.line.purges)

    def __enter__(self) -> "SerialServer":
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.thread.join(timeout=20)
        assert not self.thread.is_alive(), "the client did not hang up"
        self.listener.close()
        self.line.wire.close()

    def serve(self) -> None:
        client, _ = self.listener.accept()
        manager = rfc2217.PortManager(self.line, Connection(client))
        while True:
            ready = select.select([client, self.line.wire], [], [])[0]
            if self.line.wire in ready:
                client.sendall(b"".join(manager.escape(self.line.wire.recv(65536))))
            if client in ready:
                heard = client.recv(65536)
                if not heard:
                    return client.close()
                self.line.wire.sendall(b"".join(manager.filter(heard)))


class Connection:
    def __init__(self, client: socket.socket):
        self.write = client.sendall
