# SPDX-License-Identifier: Apache-2.0
"""tandem trust add, list, remove."""

import base64
import hashlib
import re
import stat
import subprocess

import pytest

from conftest import make_certificate
from router import dated_certificate, router  # noqa: F401


def fingerprint(cert) -> str:
    out = subprocess.run(["openssl", "x509", "-in", cert, "-noout", "-fingerprint", "-sha256"], check=True,
                         capture_output=True, text=True).stdout
    return out.strip().split("=")[1]


def pin(cert) -> str:
    """As RFC 7469 makes it: Base64 of the SHA-256 of the DER SubjectPublicKeyInfo."""
    pem = subprocess.run(["openssl", "x509", "-in", cert, "-noout", "-pubkey"], check=True, capture_output=True,
                         text=True).stdout
    der = base64.b64decode("".join(pem.splitlines()[1:-1]))
    return "sha256//" + base64.b64encode(hashlib.sha256(der).digest()).decode()


def digits(text: str) -> str:
    return text.replace(":", "").lower()


def test_add_and_list(router, certificate):
    answer = router.run("trust", "add", certificate.cert)
    assert answer.exit == 0 and answer.data["trusted_already"] == 0
    assert stat.S_IMODE((router.dir / "trust.pem").stat().st_mode) == 0o644
    [row] = router.run("trust", "list").data["certificates"]
    assert row["subject"] == "CN=localhost"
    assert row["names"] == "localhost 127.0.0.1"
    assert row["validity"] == "valid"
    assert row["fingerprint"] == digits(fingerprint(certificate.cert))
    assert row["pin"] == pin(certificate.cert)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", row["expires"])


@pytest.fixture
def folder(tmp_path):
    """Two certificates in three files, and what is none of Tandem's business."""
    folder = tmp_path / "trusted"
    folder.mkdir()
    one, two = make_certificate(tmp_path, "one.example"), make_certificate(tmp_path, "two.example")
    (folder / "2.crt").write_text(two.cert.read_text())
    (folder / "1.pem").write_text(one.cert.read_text())
    (folder / "0.pem").write_text("")
    (folder / "README").write_text("no certificate")
    (folder / ".hidden.pem").write_text("no certificate")
    return folder


def test_list_tells_the_files_of_the_folder(router, certificate, folder):
    router.trust(certificate.cert)
    rows = router.run("--trust-folder", folder, "trust", "list").data["certificates"]
    assert [(row["subject"], row["file"]) for row in rows] == [
        ("CN=localhost", str(router.dir / "trust.pem")), ("CN=one.example", str(folder / "1.pem")),
        ("CN=two.example", str(folder / "2.crt"))]


def test_folder_with_a_private_key_or_none_is_told(router, certificate, folder):
    (folder / "3.pem").write_text(certificate.key.read_text())
    answer = router.run("--trust-folder", folder, "trust", "list")
    assert (answer.exit, answer.code) == (10, "private_key") and str(folder / "3.pem") in answer.message
    answer = router.run("--trust-folder", "/nonexistent", "trust", "list")
    assert (answer.exit, answer.code) == (20, "no_such_folder") and "/nonexistent" in answer.message


@pytest.mark.parametrize("which, mode", [("2.crt", 0o646), (".", 0o1777)], ids=["file", "folder"])
def test_what_everybody_may_write_to_is_not_believed(router, certificate, folder, which, mode):
    router.trust(certificate.cert)
    (folder / which).chmod(mode)
    for words in (("trust", "list"), ("ota", "download", "https://localhost:1/image")):
        answer = router.run("--trust-folder", folder, *words)
        assert (answer.exit, answer.code) == (21, "trust_open") and str(folder / which) in answer.message


def test_what_everybody_may_put_another_in_the_place_of_is_not_believed(router, certificate, folder):
    router.trust(certificate.cert)
    for above, inside in ((folder, folder / "in"), (router.dir, router.dir / "trust.pem")):
        if above == folder:
            inside.mkdir()
        mode = above.stat().st_mode
        above.chmod(0o777)
        answer = router.run("--trust-folder", inside, "trust", "list") if above == folder else router.run("trust", "list")
        assert (answer.exit, answer.code) == (21, "trust_open") and str(inside) in answer.message
        above.chmod(mode)
    assert router.run("trust", "list").data["count"] == 1


def test_the_own_file_is_not_believed_when_everybody_may_write_to_it(router, certificate):
    router.trust(certificate.cert)
    (router.dir / "trust.pem").chmod(0o666)
    for words in (("trust", "list"), ("trust", "add", certificate.cert), ("ota", "download", "https://localhost:1/image")):
        answer = router.run(*words)
        assert (answer.exit, answer.code) == (21, "trust_open"), answer
    (router.dir / "trust.pem").chmod(0o644)
    assert router.run("trust", "list").data["count"] == 1


def test_folder_has_a_limit(router, folder):
    for i in range(63):
        (folder / f"a{i}.pem").write_text((folder / "1.pem").read_text())
    answer = router.run("--trust-folder", folder, "trust", "list")
    assert (answer.exit, answer.code) == (14, "too_many_files"), answer


def test_twice_is_once(router, certificate):
    router.trust(certificate.cert)
    answer = router.run("trust", "add", certificate.cert)
    assert answer.exit == 0
    assert answer.data["trusted_already"] == 1 and answer.data["added"] == []
    assert router.run("trust", "list").data["count"] == 1


def test_several_in_one_file_with_text_between(router, certificate, tmp_path):
    other = make_certificate(tmp_path, "other.example")
    both = tmp_path / "both.pem"
    both.write_text("# ours\n" + certificate.cert.read_text() + "\nand theirs:\n" + other.cert.read_text())
    assert len(router.run("trust", "add", both).data["added"]) == 2
    assert [c["subject"] for c in router.run("trust", "list").data["certificates"]] == ["CN=localhost",
                                                                                       "CN=other.example"]


def test_list_of_nothing(router):
    answer = router.run("trust", "list")
    assert answer.exit == 0 and answer.data["certificates"] == []


def test_expired_is_said(router, dated_certificate):
    certificate = dated_certificate("20200101000000Z", "20200102000000Z")
    answer = router.run("trust", "add", certificate.cert)
    assert answer.exit == 0 and "expired" in answer.stderr
    [row] = router.run("trust", "list").data["certificates"]
    assert row["validity"] == "expired" and row["expires"] == "2020-01-02T00:00:00Z"


@pytest.fixture
def wrong(tmp_path, certificate):
    pem = certificate.cert.read_text()
    key = certificate.key.read_text()
    files = {
        "private_key": key,
        "certificate and private_key": pem + key,
        "not_a_certificate": pem.replace("CERTIFICATE", "CERTIFICATE REQUEST"),
        "damaged not_a_certificate": "".join(line if i != 3 else "AAAA" + line[4:]
                                             for i, line in enumerate(pem.splitlines(keepends=True))),
        "cut not_a_certificate": pem[:len(pem) // 2],
        "no_certificate": "hello\n",
        "empty no_certificate": "",
        "good then damaged not_a_certificate": pem + pem[:len(pem) // 2],
    }
    folder = tmp_path / "wrong"
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize("name", ["private_key", "certificate and private_key", "not_a_certificate",
                                  "damaged not_a_certificate", "cut not_a_certificate", "no_certificate",
                                  "empty no_certificate", "good then damaged not_a_certificate"])
def test_what_is_no_certificate_is_refused(router, wrong, name):
    answer = router.run("trust", "add", wrong / name)
    assert (answer.exit, answer.code) == (10, name.split()[-1]), answer
    assert not (router.dir / "trust.pem").exists()


def test_der_is_refused_with_the_way_out(router, certificate, tmp_path):
    der = tmp_path / "cert.der"
    subprocess.run(["openssl", "x509", "-in", certificate.cert, "-outform", "der", "-out", der], check=True)
    answer = router.run("trust", "add", der)
    assert (answer.exit, answer.code) == (10, "no_certificate")
    assert "PEM" in answer.message


@pytest.mark.parametrize("spelling", [str, digits, lambda f: digits(f)[:8], lambda f: f[:11]])
def test_remove_by_fingerprint(router, certificate, tmp_path, spelling):
    other = make_certificate(tmp_path, "other.example")
    router.trust(certificate.cert).trust(other.cert)
    answer = router.run("trust", "remove", spelling(fingerprint(certificate.cert)))
    assert answer.exit == 0, answer
    [row] = router.run("trust", "list").data["certificates"]
    assert row["subject"] == "CN=other.example"


def test_remove_by_file(router, certificate):
    router.trust(certificate.cert)
    assert router.run("trust", "remove", certificate.cert).exit == 0
    assert router.run("trust", "list").data["count"] == 0


@pytest.mark.parametrize("what, exit, code", [("0" * 64, 20, "no_such_certificate"), ("abc", 2, "usage"),
                                              ("/nonexistent", 2, "usage")])
def test_remove_what_is_not_there(router, certificate, what, exit, code):
    router.trust(certificate.cert)
    before = router.read("trust.pem")
    answer = router.run("trust", "remove", what)
    assert (answer.exit, answer.code) == (exit, code)
    assert router.read("trust.pem") == before


def test_damaged_own_file_is_not_overwritten(router, certificate):
    (router.dir / "trust.pem").write_text(certificate.key.read_text())
    before = router.read("trust.pem")
    answer = router.run("trust", "add", certificate.cert)
    assert (answer.exit, answer.code) == (10, "private_key")
    assert router.read("trust.pem") == before


def test_table_for_people(router, certificate):
    router.trust(certificate.cert)
    out = subprocess.run([router.program, "--config", router.dir / "tandem.conf", "trust", "list"], check=True,
                         capture_output=True, text=True).stdout
    assert "CN=localhost" in out and digits(fingerprint(certificate.cert)) in out
