# SPDX-License-Identifier: Apache-2.0
"""tandem rcp adopt: a build directory or an image becomes the running host's bundle."""

import hashlib

import packer
from router import image, router  # noqa: F401


def test_build_directory(router):
    bundle = packer.pack(router.build)
    answer = router.run("rcp", "adopt", router.build)
    assert answer.exit == 0, answer
    assert answer.data["rcp_slot"] == "r1"
    assert answer.data["image_id"] == hashlib.sha256(bundle).hexdigest()
    assert router.read("rcp-1")[:len(bundle)] == bundle
    assert router.state("host-a")["host-a"] == hashlib.sha256(b"the host that runs\n" * 1000).hexdigest()


def test_bundle_of_a_pair(router, image, tmp_path):
    data = image()
    (tmp_path / "pair").write_bytes(data)
    answer = router.adopted().run("rcp", "adopt", tmp_path / "pair")
    assert answer.exit == 0, answer
    assert answer.data["rcp_slot"] == "r0" and answer.data["kind"] == "radio"
    size = answer.data["bundle_size"]
    assert router.read("rcp-0")[:size] == data[:size]
    assert router.read("host-b").strip(b"\xff") == b""


def test_the_same_again(router):
    router.adopted()
    before = router.everything()
    answer = router.run("rcp", "adopt", router.build)
    assert (answer.exit, answer.code) == (40, "already_installed")
    assert "nothing was changed" in answer.message
    assert router.everything() == before


def test_bad_build_directory_names_the_file(router, build_copy):
    build = build_copy("esp32h2", "small", 2)
    build.app.unlink()
    before = router.adopted().everything()
    answer = router.run("rcp", "adopt", build.dir)
    assert answer.exit != 0
    assert "esp_ot_rcp.bin" in answer.message
    assert router.everything() == before


def test_refused_during_a_trial(router, image, tmp_path):
    (tmp_path / "pair").write_bytes(image())
    assert router.adopted().run("ota", "download", tmp_path / "pair", "--no-reboot").exit == 0
    before = router.everything()
    answer = router.run("rcp", "adopt", tmp_path / "pair")
    assert (answer.exit, answer.code) == (40, "trial_pending")
    assert router.everything() == before


def test_no_such_thing(router, tmp_path):
    answer = router.run("rcp", "adopt", tmp_path / "nope")
    assert (answer.exit, answer.code) == (20, "no_such_file")
