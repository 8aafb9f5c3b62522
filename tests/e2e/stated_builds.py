# SPDX-License-Identifier: Apache-2.0
"""The firmware of small_images.py as the files of a developer, and the options that state the same of it.

    folder(path) -> Files: an RCP build directory and host firmware
    words(kind, **options) -> arguments of `image create` for "pair", "radio" or "host"; an option None leaves it out
    image(kind, **fields) -> the manifest.Image that must come of it; keywords are fields of its statement
    key_files(folder, number) -> Pem: key of that number, .private and .public PEM files
"""

from dataclasses import dataclass
from pathlib import Path

import small_images
from manifest import Image, Key

STATED = {"compatible": "acme,br-s3-h2", "pair_version": "1.4.0", "counter": "6", "radio_api": "11:4", "host_api": "11:4"}
FOREIGN = {"radio": ("host_api",), "host": ("radio_api",), "pair": ()}
PLAIN = {"issued": 0, "expires": 0, "cells": 4, "extensions": ()}      # what an image states of itself without options
FLASH_ARGS = ("--flash-mode dio --flash-freq 48m --flash-size 2MB\n0x0 bootloader/bootloader.bin\n"
              "0x10000 esp_ot_rcp.bin\n0x8000 partition_table/partition-table.bin\n")


@dataclass(frozen=True)
class Files:
    rcp: Path
    host: Path

    def of(self, kind: str) -> list:
        rcp = ["--rcp-build-dir", self.rcp] if kind != "host" else []
        return rcp + (["--br-firmware", self.host] if kind != "radio" else [])


@dataclass(frozen=True)
class Pem:
    key: Key
    private: Path
    public: Path


def folder(path: Path) -> Files:
    rcp, parts = path / "rcp", small_images.radio_parts()
    files = {"bootloader/bootloader.bin": parts[2], "partition_table/partition-table.bin": parts[3],
             "esp_ot_rcp.bin": parts[4], "rcp_version": small_images.TEXT, "flash_args": FLASH_ARGS.encode()}
    for name, data in files.items():
        (rcp / name).parent.mkdir(parents=True, exist_ok=True)
        (rcp / name).write_bytes(data)
    host = path / "host.bin"
    host.write_bytes(small_images.host_part()[5])
    return Files(rcp, host)


def words(kind: str = "pair", **options) -> list[str]:
    stated = {name: value for name, value in STATED.items() if name not in FOREIGN[kind]} | options
    return [word for name, value in stated.items() if value is not None
            for word in ("--" + name.replace("_", "-"), str(value))]


def image(kind: str = "pair", **fields) -> Image:
    make = {"pair": small_images.pair, "radio": small_images.radio_only, "host": small_images.host_only}[kind]
    return make(**PLAIN | fields)


def key_files(path: Path, number: int) -> Pem:
    made = Pem(Key.of_number(number), path / f"key-{number}.pem", path / f"key-{number}.pub.pem")
    made.private.write_bytes(made.key.private_pem)
    made.public.write_bytes(made.key.public_pem)
    return made
