# SPDX-License-Identifier: Apache-2.0
"""The HTTP port alone (tests/http/http_parts.c), asked for one part of a file after the other.

    ask_port   ask_port(patience_ms=10000) -> Port; Port.get(url, start=0, count=0, validator="", length=0, enough=0) -> Reply
    sha256     of bytes, as a Reply tells it
"""

import hashlib
import subprocess
from typing import NamedTuple

import pytest


class Reply(NamedTuple):
    cause: str
    code: str
    status: int
    length: int | None      # of the whole file
    start: int
    has_ranges: bool
    is_changed: bool
    validator: str
    got: int
    sha256: str
    words: str


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Port:
    def __init__(self, program, ca, patience_ms):
        self.running = subprocess.Popen([program, ca, str(patience_ms)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)

    def get(self, url, start=0, count=0, validator="", length=0, enough=0) -> Reply:
        self.running.stdin.write("\t".join(map(str, (url, start, count, validator, length, enough))) + "\n")
        self.running.stdin.flush()
        cause, code, status, whole, at, has_ranges, is_changed, validator, got, digest, words = \
            self.running.stdout.readline().rstrip("\n").split("\t")
        return Reply(cause, code, int(status), None if whole == "-" else int(whole), int(at), has_ranges == "1",
                     is_changed == "1", validator, int(got), digest, words)

    def stop(self):
        self.running.stdin.close()
        self.running.stdout.close()
        assert self.running.wait() == 0


@pytest.fixture
def ask_port(build_dir, certificate):
    ports = []

    def start(patience_ms=10000) -> Port:
        ports.append(Port(build_dir / "tests/http_parts", certificate.cert, patience_ms))
        return ports[-1]

    yield start
    for one in ports:
        one.stop()
