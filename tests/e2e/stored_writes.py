# SPDX-License-Identifier: Apache-2.0
"""A power cut for a real program: its writes are listed by strace, and those that it did not sync are taken back.

    disk = Disk(folder)                     the files of folder, as they are now, are on the medium
    Popen([*disk.strace(log), program])     ... works on them ...
    disk.kill(process)                      SIGKILL for the program; strace writes its list to the end
    disk.lose(log, kept, random)            the files as they would be after a power cut: of the unsynced writes "none" has
                                            landed, "all", or "some": any of them, in pages of 4096 bytes
"""

import os
import re
import signal
from pathlib import Path

from gates import traced_by

PAGE = 4096
CALL = re.compile(r'^(?:\d+ +)?(pwrite64|fdatasync|fsync)\(\d+<([^>]*)>(?:, "((?:\\x[0-9a-f]{2})*)"(\.\.\.)?, \d+, (\d+))?\) *= (\d+)')


class Disk:
    def __init__(self, folder: Path):
        self.folder = folder
        self.durable = {str(path): path.read_bytes() for path in folder.iterdir() if path.is_file()}

    @staticmethod
    def strace(log: Path) -> list[str]:
        return ["strace", "-o", str(log), "-y", "-xx", "-s", str(1 << 20), "-e",
                "trace=pwrite64,write,fdatasync,fsync,ftruncate,rename"]

    @staticmethod
    def kill(process) -> None:
        os.kill(traced_by(process.pid), signal.SIGKILL)
        process.wait()

    def lose(self, log: Path, kept: str, luck) -> None:
        pending: dict[str, list[tuple[int, bytes]]] = {}
        for line in log.read_text().splitlines():
            if "rename(" in line or "ftruncate(" in line:
                raise AssertionError(f"not a write in place: {line[:200]}")
            match = CALL.match(line)
            if not match:
                continue
            call, path, text, cut, at, result = match.groups()
            path = bytes.fromhex(path.replace("\\x", "")).decode() if path.startswith("\\x") else path
            if path not in self.durable:
                continue
            if call == "pwrite64":
                assert not cut and int(result) == len(text) // 4
                pending.setdefault(path, []).append((int(at), bytes.fromhex(text.replace("\\x", ""))))
            else:
                self.land(path, pending.pop(path, []))
        for path, writes in pending.items():
            self.land(path, [page for page in pages(writes) if kept == "all" or (kept == "some" and luck.random() < 0.5)])
        for path, data in self.durable.items():
            Path(path).write_bytes(data)

    def land(self, path: str, writes: list[tuple[int, bytes]]) -> None:
        data = bytearray(self.durable[path])
        for at, what in writes:
            data[at:at + len(what)] = what
        self.durable[path] = bytes(data)


def pages(writes: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    """Cut where the medium would."""
    found = []
    for at, data in writes:
        while data:
            n = PAGE - at % PAGE
            found.append((at, data[:n]))
            at, data = at + n, data[n:]
    return found
