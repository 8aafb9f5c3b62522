# SPDX-License-Identifier: Apache-2.0
"""tandem_add_ota_image() in examples/cmake-image: builds the image, and builds it anew when an input changes, only then."""

import json
import os
import shutil
import subprocess

import pytest

import packer
import stated_builds


class Project:
    def __init__(self, source, folder, rcp, tandem_bin, generator):
        self.source, self.build_dir, self.rcp = source, folder / "out", rcp
        self.run("-S", source, "-B", self.build_dir, "-G", generator, f"-DRCP_BUILD_DIR={rcp}",
                 f"-DTANDEM_EXECUTABLE={tandem_bin}")

    def run(self, *arguments, ok: bool = True):
        done = subprocess.run(["cmake", *map(str, arguments)], capture_output=True, text=True)
        assert not ok or done.returncode == 0, done.stdout + done.stderr
        return done

    def build(self, **options):
        return self.run("--build", self.build_dir, **options)

    @property
    def image(self):
        return self.build_dir / "ota_with_rcp_image"

    def configure(self, *options):
        self.run("-S", self.source, "-B", self.build_dir, *options)

    def expected(self):
        return packer.pack(self.rcp, self.build_dir / "router")


MAKE = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


@pytest.fixture(params=["Ninja", pytest.param("Unix Makefiles", marks=MAKE)])
def project(request, repo, tmp_path, build_copy, tandem_bin):
    source = tmp_path / "source"
    shutil.copytree(repo / "examples/cmake-image", source / "examples/cmake-image")
    shutil.copytree(repo / "cmake", source / "cmake")
    return Project(source / "examples/cmake-image", tmp_path, build_copy().dir, tandem_bin, request.param)


def test_image_is_built_and_built_anew(project, samples, tmp_path):
    project.build()
    assert project.image.read_bytes() == project.expected()
    assert (project.build_dir / "rcp_image").read_bytes() == packer.pack(project.rcp)

    first = project.image.stat()
    project.build()
    assert project.image.stat().st_ino == first.st_ino, "packed again without a cause"

    other = samples.build("esp32h2", "small", 1)
    for name in ("esp_ot_rcp.bin", "rcp_version", "flash_args", "bootloader/bootloader.bin"):
        before = project.rcp.joinpath(name).read_bytes()
        shutil.copyfile(other.dir / name, project.rcp / name)
        os.utime(project.rcp / name, (1, 1))  # older than the image: contents decide
        project.build()
        assert project.rcp.joinpath(name).read_bytes() != before or name.startswith("bootloader")
        assert project.image.read_bytes() == project.expected(), name

    source = tmp_path / "source/examples/cmake-image/router.c"
    source.write_text(source.read_text().replace("border router", "another router"))
    project.build()
    assert b"another router" in project.image.read_bytes()
    assert project.image.read_bytes() == project.expected()


def test_what_cannot_be_packed_fails_the_build_and_leaves_no_image(project):
    project.build()
    flash_args = project.rcp / "flash_args"
    good = flash_args.read_text()
    flash_args.write_text(good + "0xd000 ota_data_initial.bin\n")
    done = project.build(ok=False)
    assert done.returncode != 0
    assert "flash_args:5: second firmware" in done.stdout + done.stderr
    assert not project.image.exists()
    flash_args.write_text(good)
    project.build()
    assert project.image.read_bytes() == project.expected()


def test_stated_images(project, tandem, tmp_path):
    """What cmake makes is what the command makes of the same words, and a key that appears or changes is used."""
    options = ["--compatible", "example,router", "--pair-version", "1.0.0", "--counter", "0", "--host-api", "11:4"]
    host = ["--br-firmware", project.build_dir / "router"]
    pair = ["--rcp-build-dir", project.rcp, *host, *options, "--radio-api", "11:4", "--label", "example build"]
    project.build()
    for name, words in (("ota_stated_pair", pair), ("ota_host_only", [*host, *options])):
        tandem("image", "create", "--target-file", "expected", *words, ok=True)
        assert (project.build_dir / name).read_bytes() == (tmp_path / "expected").read_bytes(), name

    def signers() -> list[str]:
        done = tandem("--json", "image", "info", project.build_dir / "ota_stated_pair", ok=True)
        return [cell["key_id"] for cell in json.loads(done.stdout)["cells"] if cell["state"] == "used"]

    first, second = stated_builds.key_files(tmp_path, 1), stated_builds.key_files(tmp_path, 2)
    assert signers() == []
    project.configure(f"-DSIGNING_KEY={first.private}")
    project.build()
    assert signers() == [first.key.id.hex()]
    first.private.write_bytes(second.private.read_bytes())
    project.build()
    assert signers() == [second.key.id.hex()]
