# SPDX-License-Identifier: Apache-2.0
"""Fixtures that end to end tests share.

Run:  .venv/bin/python -m pytest tests/e2e          programs from build/bin; TANDEM_BUILD_DIR=DIR takes another build

    repo, root     Path of the repository
    build_dir      Path of the build whose programs are tested
    tandem_bin     Path of build_dir/bin/tandem; a test that asks for a program which is not built fails
    sim_bin        Path of build_dir/bin/tandem-sim
    tandem         tandem("ota", "status", ok=True, timeout=60, **subprocess options) runs the command and returns
                   CompletedProcess with text output; ok=True fails the test when the exit number is not 0;
                   as a path (str(tandem), or in an argument list) it is the program
    samples        the sample firmware (tests/data/firmware/make.py), made when needed:
                   samples.build("esp32h2", "large", 2) -> Build: dir, version, app, bootloader, table, flash_args
                   samples.host("esp32s3", 1), samples.host("linux", 2) -> Path of a host firmware of 1.5 MB
    build_copy     build_copy("esp32h2", "small", 1) -> Build in the test's own folder, to damage as it likes
    free_port      free_port() -> a TCP port nobody listens on at the moment
    certificate    Certificate: cert, key (PEM paths), self-signed for localhost and 127.0.0.1
    https_server   https_server(directory) starts `openssl s_server -WWW` there and returns its port;
                   options: certificate=..., arguments=["-tls1_3", ...]; stopped at the end of the test
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
os.environ["PATH"] += ":/usr/sbin"      # where Debian has nginx, and a user's PATH does not

# A shell starts what runs in its background with these ignored, and the programs under test would inherit that.
for number in (signal.SIGINT, signal.SIGHUP):
    if signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


@dataclass(frozen=True)
class Build:
    """One RCP build directory."""
    dir: Path
    chip: str
    version: str

    @property
    def app(self) -> Path:
        return self.dir / "esp_ot_rcp.bin"

    @property
    def bootloader(self) -> Path:
        return self.dir / "bootloader/bootloader.bin"

    @property
    def table(self) -> Path:
        return self.dir / "partition_table/partition-table.bin"

    @property
    def flash_args(self) -> Path:
        return self.dir / "flash_args"


class Samples:
    def __init__(self, root: Path):
        self.root = root
        self.rows = json.loads((root / "samples.json").read_text())

    def build(self, chip: str = "esp32h2", size: str = "small", release: int = 2) -> Build:
        for row in self.rows:
            if (row["chip"], row["size"], row["release"]) == (chip, size, release):
                return Build(self.root / row["dir"], chip, row["version"])
        raise KeyError((chip, size, release))

    def host(self, kind: str = "esp32s3", release: int = 2) -> Path:
        return self.root / "host" / {"esp32s3": f"esp32s3-{release}.bin", "linux": f"linux-{release}.img"}[kind]


@dataclass(frozen=True)
class Certificate:
    cert: Path
    key: Path


def make_certificate(folder: Path, name: str = "localhost") -> Certificate:
    """A self-signed certificate for `name`; for localhost the loopback address too."""
    made = Certificate(folder / f"{name}.crt", folder / f"{name}.key")
    alternatives = f"DNS:{name}" + (",IP:127.0.0.1" if name == "localhost" else "")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "30", "-subj", f"/CN={name}", "-addext", f"subjectAltName={alternatives}",
                    "-keyout", made.key, "-out", made.cert], check=True, capture_output=True)
    return made


def make_samples(out: Path) -> Samples:
    subprocess.run([sys.executable, REPO / "tests/data/firmware/make.py", out], check=True)
    return Samples(out)


def start_s_server(directory: Path, port: int, certificate: Certificate, arguments: list[str]) -> subprocess.Popen:
    """Returns once the server says that it accepts."""
    server = subprocess.Popen(["openssl", "s_server", "-WWW", "-port", str(port), "-cert", certificate.cert,
                               "-key", certificate.key, *arguments], cwd=directory, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said = ""
    for line in server.stdout:
        said += line
        if line.startswith("ACCEPT"):
            return server
    server.wait()
    raise RuntimeError(f"openssl s_server ended before it accepted:\n{said}")


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def repo() -> Path:
    return REPO


@pytest.fixture(scope="session")
def root() -> Path:
    return REPO


@pytest.fixture(scope="session")
def build_dir() -> Path:
    return Path(os.environ.get("TANDEM_BUILD_DIR", REPO / "build")).resolve()


def program(build_dir: Path, name: str) -> Path:
    path = build_dir / "bin" / name
    if not path.exists():
        pytest.fail(f"{path} is not built: run scripts/build", pytrace=False)
    return path


@pytest.fixture(scope="session")
def tandem_bin(build_dir) -> Path:
    return program(build_dir, "tandem")


@pytest.fixture(scope="session")
def sim_bin(build_dir) -> Path:
    return program(build_dir, "tandem-sim")


class Command:
    """A program: call it to run it, or use it as its path."""

    def __init__(self, path: Path, folder: Path):
        self.path, self.folder = path, folder

    def __fspath__(self) -> str:
        return str(self.path)

    __str__ = __fspath__

    def __call__(self, *arguments, ok: bool = False, timeout: float = 60, **options) -> subprocess.CompletedProcess:
        words = [str(word) for word in arguments]
        options = {"cwd": self.folder, "stdin": subprocess.DEVNULL, **options}
        done = subprocess.run([self.path, *words], capture_output=True, text=True, timeout=timeout, **options)
        if ok and done.returncode != 0:
            pytest.fail(f"{self.path.name} {' '.join(words)} ended with {done.returncode}\n{done.stdout}{done.stderr}",
                        pytrace=False)
        return done


@pytest.fixture
def tandem(tandem_bin, tmp_path) -> Command:
    return Command(tandem_bin, tmp_path)


@pytest.fixture(scope="session")
def samples(build_dir) -> Samples:
    return make_samples(Path(os.environ.get("TANDEM_SAMPLES", REPO / "build/samples")))


@pytest.fixture
def build_copy(samples, tmp_path):
    def copy(chip: str = "esp32h2", size: str = "small", release: int = 2) -> Build:
        source = samples.build(chip, size, release)
        target = tmp_path / f"{chip}-{size}-{release}"
        shutil.copytree(source.dir, target)
        return Build(target, chip, source.version)
    return copy


@pytest.fixture
def free_port():
    return unused_port


@pytest.fixture(scope="session")
def certificate(tmp_path_factory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def https_server(certificate):
    servers = []

    def start(directory: Path, certificate: Certificate = certificate, arguments: list[str] = ()) -> int:
        port = unused_port()
        servers.append(start_s_server(directory, port, certificate, list(arguments)))
        return port

    yield start
    for server in servers:
        server.kill()
        server.wait()
        server.stdout.close()
