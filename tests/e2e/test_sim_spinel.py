# SPDX-License-Identifier: Apache-2.0
"""aiospinel, an independent Spinel host, asks the radio that tandem-sim plays after it has booted sample firmware."""

import asyncio
import subprocess
import sys

import pytest
from aiospinel import CommandID, PropertyID, SpinelProtocol

from simulator import Simulator

CONFIG_RADIO, MAC_RAW = 34, 513


def flash_file(build, path):
    subprocess.run([sys.executable, "-m", "esptool", "--chip", build.chip, "merge-bin", "--pad-to-size", "4MB",
                    "--output", path, "@flash_args"], cwd=build.dir, check=True, capture_output=True)


def packed_list(data: bytes) -> list[int]:
    numbers, value, shift = [], 0, 0
    for byte in data:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            numbers.append(value)
            value, shift = 0, 0
    return numbers


async def ask_all(port: int) -> dict:
    _, spinel = await asyncio.get_running_loop().create_connection(SpinelProtocol, "127.0.0.1", port)

    async def get(prop: PropertyID) -> bytes:
        answer = await spinel.send_command(CommandID.PROP_VALUE_GET, prop.serialize())
        got, value = PropertyID.deserialize(answer.data)
        assert answer.command_id == CommandID.PROP_VALUE_IS and got == prop
        return value

    answers = {"probe": await spinel.probe(), "protocol": await get(PropertyID.PROTOCOL_VERSION),
               "version": await get(PropertyID.NCP_VERSION), "hwaddr": await get(PropertyID.HWADDR),
               "caps": await get(PropertyID.CAPS)}
    await spinel.disconnect()
    return answers


@pytest.mark.parametrize("chip", ["esp32h2", "esp32c6"])
@pytest.mark.parametrize("size,release", [("small", 1), ("large", 2)])
def test_identity(sim_bin, samples, tmp_path, chip, size, release):
    build = samples.build(chip, size, release)
    flash_file(build, tmp_path / "flash.bin")
    with Simulator(sim_bin, tmp_path, "--mac", "60:55:f9:0a:0b:0c", chip=chip) as sim:
        assert sim.control("state") == "ok radio"
        said = asyncio.run(ask_all(sim.tcp_port))
    assert said["version"] == build.version.encode() + b"\0"
    assert said["probe"] == build.version.split(";")[0]
    assert said["protocol"] == bytes([4, 3])
    assert said["hwaddr"] == bytes.fromhex("6055f9fffe0a0b0c")
    assert {CONFIG_RADIO, MAC_RAW} <= set(packed_list(said["caps"]))


@pytest.mark.parametrize("at,state", [(0xFFFFF, "radio"), (0x10100, "boot"), (0x8010, "boot"), (0x100, "stuck")],
                         ids=["outside", "application", "partition table", "bootloader"])
def test_only_whole_firmware_runs(sim_bin, samples, tmp_path, at, state):
    build = samples.build("esp32h2", "small", 2)
    flash_file(build, tmp_path / "flash.bin")
    flash = bytearray((tmp_path / "flash.bin").read_bytes())
    flash[at] ^= 1
    (tmp_path / "flash.bin").write_bytes(flash)
    with Simulator(sim_bin, tmp_path) as sim:
        assert sim.control("state") == f"ok {state}"
