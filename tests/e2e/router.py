# SPDX-License-Identifier: Apache-2.0
"""A router in a folder: configuration, slots, record. And what tests of downloads share.

    router             Router: runs host slot A; no bundle stored, nothing trusted
    router.adopted()   the same after `rcp adopt`: its row names a bundle, in r1
    router.run(...)    tandem with this router's configuration and --json -> Answer: exit, code, message, data, stderr
    router.state()     digests of everything that an update must leave alone, for comparison
    image              image(host=True, release=2) -> bytes of an image of the sample firmware
    dated_certificate  dated_certificate(start, end) -> Certificate for localhost, valid in that span
"""

import hashlib
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import packer
import pytest

from conftest import Certificate
from router_config import router_config

SOURCE = """\
[source]
connect-timeout = 20
first-byte-timeout = 20
stall-timeout = 20
retries = 0
retry-wait = 0
"""


@dataclass(frozen=True)
class Answer:
    exit: int
    data: dict
    stderr: str

    @property
    def code(self) -> str:
        return self.data.get("error", {}).get("code", "")

    @property
    def message(self) -> str:
        return self.data.get("error", {}).get("message", "")


class Router:
    def __init__(self, folder: Path, program: Path, build: Path):
        self.dir, self.program, self.build = folder, program, build
        folder.mkdir()
        (folder / "tandem.conf").write_text(
            router_config(folder, f"touch {folder}/rebooted", slot_size="2M", rcp_size="256K") + SOURCE)
        (folder / "running").write_text("A\n")
        (folder / "host-a").write_bytes(b"the host that runs\n" * 1000)

    def run(self, *words, timeout: float = 60, **environment) -> Answer:
        done = subprocess.run([self.program, "--config", self.dir / "tandem.conf", "--json", *map(str, words)],
                              capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL,
                              env=environment or None)
        answer = Answer(done.returncode, json.loads(done.stdout), done.stderr)
        assert answer.data["exit"] == done.returncode
        return answer

    def adopted(self) -> "Router":
        answer = self.run("rcp", "adopt", self.build)
        assert answer.exit == 0, answer
        return self

    def trust(self, certificate: Path) -> "Router":
        answer = self.run("trust", "add", certificate)
        assert answer.exit == 0, answer
        return self

    def read(self, name: str) -> bytes:
        path = self.dir / name
        return path.read_bytes() if path.exists() else b""

    def state(self, *names: str) -> dict[str, str]:
        names = names or ("host-a", "rcp-1", "boot")
        return {name: hashlib.sha256(self.read(name)).hexdigest() for name in names}

    def everything(self) -> dict[str, str]:
        return self.state("host-a", "host-b", "rcp-0", "rcp-1", "boot", "record")

    @property
    def was_restarted(self) -> bool:
        return (self.dir / "rebooted").exists()


@pytest.fixture
def router(tmp_path, tandem_bin, samples) -> Router:
    return Router(tmp_path / "router", tandem_bin, samples.build("esp32h2", "small", 1).dir)


@pytest.fixture
def image(samples):
    def make(host: bool = True, release: int = 2, chip: str = "esp32h2") -> bytes:
        build = samples.build(chip, "small", release)
        return packer.pack(build.dir, samples.host("linux", release) if host else None)
    return make


@pytest.fixture
def dated_certificate(tmp_path):
    def make(start: str, end: str) -> Certificate:
        """start and end as YYYYMMDDHHMMSSZ."""
        folder = tmp_path / f"ca-{start}-{end}"
        folder.mkdir()
        (folder / "index.txt").touch()
        (folder / "ca.conf").write_text(
            "[ca]\ndefault_ca = d\n[d]\ndatabase = index.txt\nnew_certs_dir = .\nrand_serial = yes\npolicy = p\n"
            "copy_extensions = copy\ndefault_md = sha256\n[p]\ncommonName = supplied\n")
        made = Certificate(folder / "cert.pem", folder / "key.pem")
        for command in (["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                         "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", made.key,
                         "-out", "request"],
                        ["ca", "-config", "ca.conf", "-batch", "-selfsign", "-keyfile", made.key, "-in", "request",
                         "-out", made.cert, "-notext", "-startdate", start, "-enddate", end]):
            subprocess.run(["openssl", *command], cwd=folder, check=True, capture_output=True)
        return made
    return make
