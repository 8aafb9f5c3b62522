# SPDX-License-Identifier: Apache-2.0
"""Signed images of the smallest firmware that a router takes, for tests that need many of them.

    pair(keys), radio_only(keys), host_only(keys)    manifest.Image: ESP32-H2 radio, ESP32-S3 or opaque host
    rebuilt(image, **fields of the statement)        the same image with another statement
    bootloader(chip), application(...)               firmware files
"""

import dataclasses
import struct
import sys
from pathlib import Path

from manifest import Image, Key, Side, Statement

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "data/firmware"))
import espfiles  # noqa: E402

H2, C6, S3 = 16, 13, 9
TEXT = b"openthread-esp32/1021229a-b678a4f; esp32h2;  2026-07-23 13:06:47 UTC"
BOARD = b"acme,br-s3-h2"
RADIO, HOST = Side(1, H2, 0, 99, 11, 4), Side(1, S3, 0, 99, 11, 4)
OPAQUE = Side(2, 0, 0, 0, 11, 4)
FLASH_ARGS = ((2, 0), (4, 0x10000), (3, 0x8000))
TABLE = espfiles.partition_table([(0, 0, 0x10000, 0x100000, "factory")])


def flash_args(*records: tuple[int, int]) -> bytes:
    return b"".join(struct.pack("<2I", *record) for record in records)


def bootloader(chip: int = H2) -> bytes:
    return espfiles.esp_image(chip, 0x4083CFD0, 0x1F, [(0x4083CFD0, b"\xaa" * 4)])


def application(chip: int, project: bytes, version: bytes, page: int, more: bytes = b"") -> bytes:
    """page: where the chip maps its flash."""
    description = b"\x32\x54\xcd\xab".ljust(16, b"\0") + version.ljust(32, b"\0") + project.ljust(32, b"\0")
    segment = description.ljust(256, b"\0") + more + bytes(-len(more) % 4)
    return espfiles.esp_image(chip, page + 0x120, 0x1F, [(page + 0x20, segment)])


def radio_parts(text: bytes = TEXT, chip: int = H2, version: bytes = b"1.4.0") -> dict[int, bytes]:
    return {1: flash_args(*FLASH_ARGS), 2: bootloader(chip), 3: TABLE,
            4: application(chip, b"esp_ot_rcp", version, 0x42000000, text + b"\0")}


def host_part(version: bytes = b"1.4.0") -> dict[int, bytes]:
    return {5: application(S3, b"esp_ot_br", version, 0x3C000000)}


def statement(**fields) -> Statement:
    return Statement(**{"pair_version": b"1.4.0", "compatible": BOARD, "radio": RADIO, "host": HOST, "counter": 6,
                        "issued": 1784812007, "expires": 4102444800, "least_flash": 0x200000, "cells": 2,
                        "extensions": ((1, b"example"),)} | fields)


def pair(*keys: Key, **fields) -> Image:
    return Image(TEXT, radio_parts() | host_part(), statement(**fields), keys)


def radio_only(*keys: Key, **fields) -> Image:
    return Image(TEXT, radio_parts(), statement(**{"host": Side()} | fields), keys)


def host_only(*keys: Key, **fields) -> Image:
    return Image(b"", host_part(), statement(**{"radio": Side(), "least_flash": 0} | fields), keys)


def rebuilt(image: Image, **fields) -> Image:
    return dataclasses.replace(image, statement=dataclasses.replace(image.statement, **fields))
