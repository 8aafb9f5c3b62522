# SPDX-License-Identifier: Apache-2.0
"""What the TLS table needs: certificates of every kind, servers that send several pages, a proxy, a second client.

    Pki(folder)          .issue("name", ...) -> Certificate; the same arguments give the same one. Made by `openssl ca`
    bundle(path, *certs) -> path, with the certificates one after the other
    Site(certificate)    HTTPS (HTTP when None): pages by path; keeps every request, and the client certificate it came with
    Proxy(answer)        a CONNECT proxy that keeps what it was asked; leads to `to` instead, when told
    curl(url, *options)  the control client: the body, or a failed test
"""

import os
import socket
import ssl
import subprocess
import threading
from pathlib import Path

import pytest

from conftest import Certificate

PAST, FUTURE = ("20200101000000Z", "20200102000000Z"), ("20980101000000Z", "20990101000000Z")
NOW = ("20240101000000Z", "20490101000000Z")

CA_CONF = """[ca]
default_ca = d
[d]
database = {folder}/index.txt
new_certs_dir = {folder}
rand_serial = yes
unique_subject = no
policy = p
[p]
commonName = supplied
"""


class Pki:
    def __init__(self, folder: Path):
        self.folder, self.made = folder, {}
        (folder / "index.txt").touch()
        (folder / "ca.conf").write_text(CA_CONF.format(folder=folder))

    def issue(self, name, *, issuer=None, names="DNS:localhost", valid=NOW, digest="sha256", key="ec", use=None,
              ca=False, more="") -> Certificate:
        """Self-signed without issuer. names: subjectAltName or "". use: extended key usage. key: ec or rsa:BITS.
        more: further lines of extensions."""
        wanted = (name, issuer, names, valid, digest, key, use, ca, more)
        if wanted not in self.made:
            self.made[wanted] = self.make(len(self.made), *wanted)
        return self.made[wanted]

    def ca(self, name="Root", **options) -> Certificate:
        return self.issue(name, names="", ca=True, **options)

    def make(self, number, name, issuer, names, valid, digest, key, use, ca, more) -> Certificate:
        base = self.folder / str(number)
        made = Certificate(base.with_suffix(".crt"), base.with_suffix(".key"))
        kind = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"] if key == "ec" else [key]
        extensions = [f"basicConstraints = critical, CA:{'TRUE' if ca else 'FALSE'}"]
        extensions += [f"subjectAltName = {names}"] if names else []
        extensions += [f"extendedKeyUsage = {use}"] if use else []
        extensions += [more] if more else []
        base.with_suffix(".ext").write_text("\n".join(extensions) + "\n")
        self.openssl("req", "-new", "-newkey", *kind, "-nodes", "-subj", f"/CN={name}", "-keyout", made.key, "-out",
                     base.with_suffix(".csr"))
        signer = ["-cert", issuer.cert, "-keyfile", issuer.key] if issuer else ["-selfsign", "-keyfile", made.key]
        self.openssl("ca", "-config", self.folder / "ca.conf", "-batch", "-notext", "-md", digest, *signer, "-in",
                     base.with_suffix(".csr"), "-out", made.cert, "-startdate", valid[0], "-enddate", valid[1],
                     "-extfile", base.with_suffix(".ext"))
        return made

    @staticmethod
    def openssl(*words):
        done = subprocess.run(["openssl", *words], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def bundle(path: Path, *certificates: Path) -> Path:
    path.write_text("".join(one.read_text() for one in certificates))
    return path


class Listener:
    """Accepts on a free port of the loopback, one client after the other, each handed to talk()."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.greet, args=(client,), daemon=True).start()

    def greet(self, client):
        with client:
            client.settimeout(30)
            try:
                self.talk(client)
            except OSError:  # the client went away, or does not believe us
                pass

    def talk(self, client):
        raise NotImplementedError

    def stop(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


def read_head(client) -> str:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        more = client.recv(4096)
        if not more:
            raise ConnectionError
        head += more
        if head[0] == 0x16:  # a TLS handshake where none is expected: answered as servers do
            return "TLS / HTTP/1.1"
    return head.decode()


def page(body: bytes, status="200 OK", *lines, length=None) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", "Connection: close", *lines]
    return "\r\n".join([*lines, "", ""]).encode() + body


def redirect(to: str, *lines, status="302 Found") -> bytes:
    return page(b"moved\n", status, f"Location: {to}", *lines)


class Site(Listener):
    def __init__(self, certificate, clients=None):
        """clients: a CA; then every client is asked for a certificate of it, and may have none."""
        self.pages, self.requests, self.client_names, self.context = {}, [], [], None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificate.cert, certificate.key)
        if clients:
            self.context.verify_mode = ssl.CERT_OPTIONAL
            self.context.load_verify_locations(clients.cert)
        super().__init__()

    def url(self, path="/image", host="localhost", user="") -> str:
        return f"http{'s' if self.context else ''}://{user}{host}:{self.port}{path}"

    def talk(self, client):
        if self.context is None:
            return self.answer(client)
        with self.context.wrap_socket(client, server_side=True) as tls:
            peer = tls.getpeercert() or {}
            self.client_names.append(dict(part for rdn in peer.get("subject", ()) for part in rdn).get("commonName"))
            self.answer(tls)
            tls.unwrap()

    def answer(self, client):
        head = read_head(client)
        self.requests.append(head)
        answer = self.pages.get(head.split()[1], page(b"", "404 Not Found"))
        client.sendall(answer(head) if callable(answer) else answer)

    def secrets(self) -> list[str]:
        """Authorization lines that arrived, one item a request, "" where there was none."""
        return [next((line for line in head.split("\r\n") if line.lower().startswith("authorization:")), "")
                for head in self.requests]


class Proxy(Listener):
    def __init__(self, status="200 Connection established", to=None):
        self.status, self.to, self.requests = status, to, []
        super().__init__()

    def talk(self, client):
        head = read_head(client)
        self.requests.append(head)
        client.sendall(f"HTTP/1.1 {self.status}\r\n\r\n".encode())
        if not self.status.startswith("200"):
            return
        port = self.to or int(head.split()[1].rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port)) as server:
            there = threading.Thread(target=pump, args=(client, server), daemon=True)
            there.start()
            pump(server, client)
            there.join()


def pump(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def curl(url, *options, **environment) -> bytes:
    done = subprocess.run(["curl", "-sS", "--fail", "--max-time", "30", *map(str, options), url], capture_output=True,
                          env={"PATH": os.environ["PATH"], **environment})
    assert done.returncode == 0, f"the control client failed: {done.stderr.decode()}"
    return done.stdout


def careless(port, ca) -> bytes:
    """What a client gets that takes any end for the end: the server is asked for its certificate, but not for a goodbye.
    Newer versions of curl want one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(ca)
    context.options |= ssl.OP_IGNORE_UNEXPECTED_EOF
    got = b""
    with context.wrap_socket(socket.create_connection(("127.0.0.1", port)), server_hostname="localhost") as tls:
        tls.sendall(b"GET /image HTTP/1.1\r\nHost: localhost\r\n\r\n")
        while more := tls.recv(65536):
            got += more
    return got.partition(b"\r\n\r\n")[2]


@pytest.fixture(scope="session")
def pki(tmp_path_factory) -> Pki:
    return Pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture
def serve():
    """serve(Site(...)) -> it, stopped at the end of the test."""
    all_of_them = []

    def start(listener):
        all_of_them.append(listener)
        return listener

    yield start
    for listener in all_of_them:
        listener.stop()
