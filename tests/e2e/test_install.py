# SPDX-License-Identifier: Apache-2.0
"""What `cmake --install` leaves works where it lies: the program, its service, the core in a program of somebody else's."""

import json
import os
import re
import shutil
import subprocess

import pytest

import packer


def run(*words, **options) -> str:
    done = subprocess.run([*map(str, words)], capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def installed(build_dir, tmp_path):
    """installed("router", ...) -> the prefix with these components."""
    def install(*components):
        for component in components:
            run("cmake", "--install", build_dir, "--prefix", tmp_path / "prefix", "--component", component)
        return tmp_path / "prefix"
    return install


def test_a_router_gets_the_program_its_service_and_an_example(installed):
    prefix = installed("router")
    files = sorted(str(path.relative_to(prefix)) for path in prefix.rglob("*") if path.is_file())
    assert files == ["bin/tandem", "lib/systemd/system/tandem-boot.service", "share/doc/tandem/tandem.conf"]
    assert run(prefix / "bin/tandem", "--version").startswith("tandem ")


def test_all_of_it_can_go_into_the_root_of_an_image(build_dir, tmp_path):
    run("cmake", "--install", build_dir, "--prefix", "/usr", env={**os.environ, "DESTDIR": str(tmp_path / "root")})
    assert (tmp_path / "root/usr/bin/tandem").is_file() and (tmp_path / "root/usr/include/tandem/slot.h").is_file()
    assert os.listdir(tmp_path / "root") == ["usr"], "nothing of the router's own is written"


CONFIGURATIONS = {
    "the example": lambda repo: (repo / "packaging/tandem.conf").read_text(),
    "the example with what stands in comments": lambda repo: re.sub(r"^;", "", (repo / "packaging/tandem.conf").read_text(),
                                                                    flags=re.M),
    "OpenWrt in docs/INSTALL.md": lambda repo: re.sub(r"^    ", "", (repo / "docs/INSTALL.md").read_text()
                                                      .split("## OpenWrt")[1].split("sysupgrade`:")[1], flags=re.M),
}


@pytest.mark.parametrize("text", CONFIGURATIONS.values(), ids=CONFIGURATIONS)
def test_configurations_for_people_to_copy_are_understood(tandem_bin, repo, tmp_path, text):
    (tmp_path / "tandem.conf").write_text(text(repo))
    places = {"slots-record": "record", "slots-rcp-0": "rcp-0", "slots-rcp-1": "rcp-1", "trust-file": "trust.pem"}
    options = [f"--{key}={tmp_path / name}" for key, name in places.items()]
    done = subprocess.run([tandem_bin, "--config", tmp_path / "tandem.conf", *options, "--json", "ota", "status"],
                          capture_output=True, text=True)
    answer = json.loads(done.stdout)
    assert (answer["exit"], answer.get("state")) == (0, "unmanaged"), answer


def test_the_configuration_of_two_slots_has_known_keys_only(tandem_bin, repo, tmp_path):
    text = (repo / "docs/INSTALL.md").read_text().split("## Two firmware slots")[1].split("boot counter:")[1].split("\n`/var")[0]
    (tmp_path / "tandem.conf").write_text(re.sub(r"^    ", "", text, flags=re.M))
    assert "slots = yes" in text
    done = subprocess.run([tandem_bin, "--config", tmp_path / "tandem.conf", "image", "info", tmp_path / "nothing"],
                          capture_output=True, text=True)
    assert done.returncode == 20, done.stderr


def test_the_service_is_what_systemd_understands(repo):
    service = (repo / "packaging/systemd/tandem-boot.service").read_text()
    assert "\nExecStart=tandem boot\n" in service and "\nBefore=otbr-agent.service\n" in service
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze here")
    said = subprocess.run(["systemd-analyze", "verify", repo / "packaging/systemd/tandem-boot.service"],
                          capture_output=True, text=True).stderr
    ours = [line for line in said.splitlines() if "tandem-boot.service" in line and "not executable" not in line
            and "not found" not in line]
    assert not ours, said


def test_the_openwrt_script_boots_tandem_and_tells_the_log(repo, tmp_path):
    for name, text in {"tandem": 'echo "said $*"; echo "and complained" >&2; exit 31', "logger": f'echo "$*"; cat'}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    script = repo / "packaging/openwrt/tandem.init"
    assert script.read_text().startswith("#!/bin/sh /etc/rc.common\n")
    said = run("sh", "-c", f". {script}; start", env={"PATH": f"{tmp_path}:{os.environ['PATH']}"})
    assert said == "-t tandem\nsaid boot\nand complained\n"


@pytest.fixture
def own_port(repo, tmp_path):
    """own_port(option, ...) -> the example's program, built with these options."""
    def build(*options):
        run("cmake", "-S", repo / "examples/own-port", "-B", tmp_path / "own", "-G", "Ninja", *options)
        run("cmake", "--build", tmp_path / "own")
        return tmp_path / "own/own-port"
    return build


@pytest.mark.parametrize("way", ["package", "sources"])
def test_the_core_serves_a_program_of_somebody_elses(installed, own_port, repo, samples, tmp_path, way):
    if way == "package":
        prefix = installed("development")
        program = own_port(f"-DCMAKE_PREFIX_PATH={prefix}", f"-DCMAKE_EXE_LINKER_FLAGS={sanitizers(prefix)}")
    else:
        program = own_port(f"-DTANDEM_SOURCE={repo}")
    build = samples.build("esp32h2", "small", 1)
    (tmp_path / "image").write_bytes(packer.pack(build.dir))
    said = run(program, tmp_path / "image").splitlines()
    assert said[0] == f"5 parts, {(tmp_path / 'image').stat().st_size} bytes"
    assert said[-1] == f"kept: {build.version[:31]}"

    (tmp_path / "image").write_bytes(packer.pack(build.dir)[:-1])
    cut = subprocess.run([program, tmp_path / "image"], capture_output=True, text=True)
    assert cut.returncode == 1 and cut.stderr.startswith("truncated: ")


def sanitizers(prefix) -> str:
    """A library that was built with sanitizers, or to be measured, wants the same of the program."""
    library = next(prefix.rglob("libtandem_core.a")).read_bytes()
    wanted = {b"__asan_init": "-fsanitize=address,undefined", b"__gcov_init": "--coverage"}
    return " ".join(flag for name, flag in wanted.items() if name in library)


def test_pkg_config_knows_where_the_package_was_put(installed, repo, tmp_path):
    prefix = installed("development")
    env = {**os.environ, "PKG_CONFIG_PATH": str(next(prefix.rglob("tandem.pc")).parent)}
    flags = run("pkg-config", "--cflags", "--libs", "tandem", env=env).split()
    sources = [repo / "examples/own-port/main.c", repo / "examples/own-port/ram_flash.c"]
    run("cc", "-std=c11", *sources, *flags, *sanitizers(prefix).split(), "-o", tmp_path / "own-port")


def test_the_package_brings_the_image_function(installed, build_copy, tmp_path):
    prefix = installed("development", "router")
    build, source = build_copy(), tmp_path / "project"
    source.mkdir()
    (source / "CMakeLists.txt").write_text(f"""\
cmake_minimum_required(VERSION 3.22)
project(image LANGUAGES C)
find_package(tandem REQUIRED)
include(TandemOtaImage)
tandem_add_ota_image(TARGET image RCP_BUILD_DIR "{build.dir}" OUTPUT rcp_image)
""")
    run("cmake", "-S", source, "-B", tmp_path / "out", "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}")
    run("cmake", "--build", tmp_path / "out")
    assert (tmp_path / "out/rcp_image").read_bytes() == packer.pack(build.dir)
