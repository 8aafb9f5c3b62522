# SPDX-License-Identifier: Apache-2.0
"""Every command's JSON has the fields that docs/CLI.md lists, and no others."""

import re

import pytest

import stated_builds
from test_boot import Router, new, old, pack, plant, router, sim  # noqa: F401  most are fixtures

FIRMWARE = ("bootloader", "rcp_firmware", "host_firmware?")


def documented(repo) -> dict[str, list[str]]:
    table = (repo / "docs/CLI.md").read_text().split("<!-- fields:")[1].split("<!-- end of fields -->")[0]
    rows = {}
    for command, cell in re.findall(r"^\| `([a-z ]+)` \| (.*) \|$", table, re.M):
        words = re.findall(r"`([^`]+)`", cell)
        common = [word for word in words if word.startswith(".")]
        rows[command] = [word for word in words if not word.startswith(".") and not (common and word in FIRMWARE)]
        rows[command] += [f"{name.rstrip('?')}{word}{'?' * name.endswith('?')}" for name in FIRMWARE for word in common]
    rows["ota download"].remove("boot")
    rows["ota download"].remove("?")
    rows["ota download"] += [word.rstrip("?") + "?" for word in rows["boot"] if word != "next_step?"]
    rows["ota apply"] = rows["ota download"]
    rows["ota rollback"] = [word.rstrip("?") + "?" for word in rows["ota download"]]
    return rows


def paths(value, at="") -> set[str]:
    if isinstance(value, dict):
        return {path for key, item in value.items() for path in paths(item, f"{at}.{key}" if at else key)}
    if isinstance(value, list):
        return {path for item in value for path in paths(item, at + "[]")} or {at + "[]"}
    return {at}


def compare(repo, command, result):
    result.pop("exit")
    fields = documented(repo)[command]
    known = {field.rstrip("?") for field in fields}
    printed = {path for path in paths(result) if path in known or not path.endswith("[]")}  # an empty list of objects
    assert printed - known == set()
    assert {field for field in fields if not field.endswith("?")} - printed == set()


def test_fields(router, repo, pack, samples, old, new, certificate, tmp_path):  # noqa: F811
    image = pack(new, "--br-firmware", samples.host("esp32s3", 2))
    old_image = pack(old, "--br-firmware", samples.host("esp32s3", 1), name="old")
    out, stated, key = tmp_path / "again", tmp_path / "stated.bin", stated_builds.key_files(tmp_path, 1)
    steps = [
        ("image create", "--rcp-build-dir", new.dir, "--target-file", out), ("image info", image), ("image verify", image),
        ("image create", "--rcp-build-dir", new.dir, "--target-file", stated, "--sign", key.private, *stated_builds.words("radio")),
        ("image sign", stated, "--print-digest"), ("image info", stated), ("image verify", stated, "--key", key.public),
        ("image sign", stated, "--sign", stated_builds.key_files(tmp_path, 2).private), ("image extract", stated, "--output-dir", tmp_path / "stated"),
        ("image extract", image, "--output-dir", tmp_path / "parts"),
        ("trust list",), ("trust add", certificate.cert), ("trust list",), ("trust remove", certificate.cert),
        ("ota status",), ("rcp probe",), ("rcp probe", "--reset"), ("rcp reset",), ("rcp info",), ("boot",),
        ("rcp adopt", old.dir), ("rcp update", "--dry-run"), ("boot",), ("rcp update", "--dry-run"), ("rcp update",), ("rcp info",), ("ota download", out), ("ota status",),
        ("ota download", image, "--stage-only"), ("ota apply",), ("ota cancel",), ("ota download", old_image), ("ota status",),
    ]
    for command, *words in steps:
        compare(repo, command, router.json(*command.split(), *words, ok=True))
    assert router.start() == "B"
    later = [("boot", "--boot-confirm", "manual"), ("ota status",), ("ota confirm",), ("ota status",),
             ("ota history",), ("ota rollback", "--no-reboot"), ("ota rollback",), ("boot",), ("ota status",)]
    for command, *words in later:
        compare(repo, command, router.json(*command.split(), *words, ok=True))
    assert {command for command, *_ in steps + later} == set(documented(repo))
