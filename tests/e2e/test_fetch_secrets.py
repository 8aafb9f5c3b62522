# SPDX-License-Identifier: Apache-2.0
"""tandem ota download and secrets: who gets the user, the password, the token, and that no message shows them."""

import base64

import pytest

from conftest import make_certificate, unused_port
from liar import head, liar  # noqa: F401
from router import image, router  # noqa: F401
from test_fetch import get, redirect, whole
from test_https import expect_pair, run_nginx, www  # noqa: F401


# ---- private servers -------------------------------------------------------------------------------------------------

def secret_file(folder, text, mode=0o600):
    path = folder / "secret"
    path.write_text(text)
    path.chmod(mode)
    return path


def sent(request: bytes) -> str:
    found = [line for line in request.decode().split("\r\n") if line.lower().startswith("authorization:")]
    return found[0].split(": ")[1] if found else ""


def basic(user_and_password: str) -> str:
    return "Basic " + base64.b64encode(user_and_password.encode()).decode()


def test_a_token_goes_to_its_host_alone(router, liar, certificate, image, tmp_path):
    there = liar(whole(image()))
    here = liar(redirect(f"https://localhost:{there.port}/image"))
    token = secret_file(tmp_path, "t0ken.of-this_router~+/=\n")
    answer = get(router.trust(certificate.cert), here.port, "--source-token-file", token, "--source-token-host",
                 f"localhost:{here.port}")
    expect_pair(router, answer, image())
    assert sent(here.requests[0]) == "Bearer t0ken.of-this_router~+/="
    assert sent(there.requests[0]) == ""
    assert "t0ken" not in answer.stderr + str(answer.data)


@pytest.mark.parametrize("host", ["localhost", "localhost:1", "update.example"])
def test_a_token_for_somebody_else_stays_here(router, liar, certificate, image, tmp_path, host):
    server = liar(whole(image()))
    answer = get(router.trust(certificate.cert), server.port, "--source-token-file", secret_file(tmp_path, "t0ken"),
                 "--source-token-host", host)
    expect_pair(router, answer, image())
    assert sent(server.requests[0]) == ""


def test_a_mirror_does_not_see_the_token(router, liar, certificate, image, tmp_path):
    first, mirror = liar([head(0, "404 Not Found")]), liar(whole(image()))
    answer = router.trust(certificate.cert).run(
        "ota", "download", f"https://localhost:{first.port}/i", f"https://localhost:{mirror.port}/i",
        "--source-token-file", secret_file(tmp_path, "t0ken"), "--source-token-host", f"LOCALHOST:{first.port}")
    expect_pair(router, answer, image())
    assert [sent(first.requests[0]), sent(mirror.requests[0])] == ["Bearer t0ken", ""]


def test_netrc(router, liar, certificate, image, tmp_path):
    there = liar(whole(image()))
    here = liar(redirect(f"https://localhost:{there.port}/image"))
    netrc = secret_file(tmp_path, "machine update.example login a password b\n"
                                  "machine localhost login me password s3cret\n")
    answer = get(router.trust(certificate.cert), here.port, "--source-netrc", netrc)
    expect_pair(router, answer, image())
    assert sent(here.requests[0]) == basic("me:s3cret")
    assert sent(there.requests[0]) == ""
    assert "s3cret" not in answer.stderr + str(answer.data)


def test_the_url_counts_more_than_netrc(router, liar, certificate, image, tmp_path):
    server = liar(whole(image()))
    netrc = secret_file(tmp_path, "machine localhost login me password s3cret\n")
    get(router.trust(certificate.cert), server.port, "--source-netrc", netrc, host="you:other@localhost")
    assert sent(server.requests[0]) == basic("you:other")


def test_netrc_opens_a_private_folder_of_nginx(router, certificate, image, www, tmp_path):
    (www / "image").write_bytes(image())
    (tmp_path / "users").write_text("me:{PLAIN}s3cret\n")
    private = f"auth_basic here; auth_basic_user_file {tmp_path}/users;"
    with run_nginx(tmp_path / "nginx", www, certificate, private) as url:
        router.trust(certificate.cert)
        refused = router.run("ota", "download", f"{url}/image")
        assert (refused.exit, refused.code) == (32, "http_status") and "401" in refused.message
        netrc = secret_file(tmp_path, "machine localhost login me password s3cret\n")
        expect_pair(router, router.run("ota", "download", f"{url}/image", "--source-netrc", netrc), image())


BAD_SECRETS = [  # name, options, text, mode, exit, code
    ("no host for the token", ("token-file",), "t", 0o600, 10, "token_without_host"),
    ("a token that everybody reads", ("token-file", "token-host=localhost:{port}"), "t", 0o644, 21, "credentials_open"),
    ("an empty token", ("token-file", "token-host=localhost:{port}"), "\n", 0o600, 10, "credentials_file"),
    ("two lines", ("token-file", "token-host=localhost:{port}"), "a\nb\n", 0o600, 10, "credentials_file"),
    ("a token without an end", ("token-file", "token-host=localhost:{port}"), "x" * 5000, 0o600, 10,
     "credentials_file"),
    ("a netrc that everybody reads", ("netrc",), "machine localhost login a password b\n", 0o604, 21,
     "credentials_open"),
    ("a netrc that is not there", ("netrc=/nowhere/netrc",), "", 0o600, 20, "credentials_file"),
]


@pytest.mark.parametrize("options, text, mode, exit, code", [row[1:] for row in BAD_SECRETS],
                         ids=[row[0] for row in BAD_SECRETS])
def test_bad_secrets_ask_nobody(router, liar, certificate, image, tmp_path, options, text, mode, exit, code):
    server, path = liar(whole(image())), secret_file(tmp_path, text, mode)
    words = [f"--source-{o.format(port=server.port)}" + ("" if "=" in o else f"={path}") for o in options]
    answer = get(router.adopted().trust(certificate.cert), server.port, *words)
    assert (answer.exit, answer.code) == (exit, code), answer
    assert not server.requests
    assert ("/nowhere/netrc" if "=" in options[0] else str(path)) in answer.message


def test_a_mirror_gets_a_files_name_and_no_users(router, liar, certificate, image):
    """An address without a path has no name to give."""
    server = liar(whole(image()))
    answer = router.trust(certificate.cert).run("ota", "download", f"https://me:s3cret@localhost:{unused_port()}",
                                                "--source-mirrors", f"https://localhost:{server.port}/m")
    expect_pair(router, answer, image())
    assert server.requests[0].startswith(b"GET /m/ HTTP/1.1") and b"s3cret" not in server.requests[0]


@pytest.mark.parametrize("is_proven", [True, False])
def test_a_proxy_with_tls_proves_itself_before_it_sees_its_password(router, liar, certificate, tmp_path, is_proven):
    proxy = liar([head(0, "403 Forbidden")], certificate=certificate if is_proven else make_certificate(tmp_path, "localhost"))
    answer = router.adopted().trust(certificate.cert).run("ota", "download", "https://update.example/image",
                                                          https_proxy=f"https://me:s3cret@localhost:{proxy.port}")
    assert answer.code == ("proxy_refused" if is_proven else "untrusted_certificate")
    assert [basic("me:s3cret") in one.decode() for one in proxy.requests] == ([True] if is_proven else [])
    assert "s3cret" not in str(answer.data) + answer.stderr


# ---- messages ---------------------------------------------------------------------------------------------------------

def test_no_message_shows_the_signature_of_a_link(router, liar, certificate):
    secret = "signature=5a17"
    for to in (f"https://localhost:{unused_port()}/image?{secret}", f"http://localhost/image?{secret}"):
        answer = get(router.trust(certificate.cert), liar(redirect(to)).port)
        assert answer.code in ("no_connection", "bad_redirect")
        assert "localhost" in answer.message and "/image" in answer.message
        assert secret not in answer.message + answer.stderr


def test_no_message_shows_the_signature_of_the_address(router, liar, certificate):
    answer = get(router.adopted().trust(certificate.cert), liar([head(0, "404 Not Found")]).port, path="image?signature=5a17")
    assert answer.code == "http_status" and "/image: " in answer.message
    assert "5a17" not in str(answer.data) + answer.stderr


@pytest.mark.parametrize("user", ["me:s3cret@", "/me:s3cret@", "//me:s3cret@"])
def test_no_message_shows_the_password_of_the_address(router, liar, certificate, user):
    """With a slash too many it is an address all the same."""
    server = liar([head(0, "404 Not Found")])
    answer = get(router.adopted().trust(certificate.cert), server.port, host=f"{user}localhost")
    if user != "//me:s3cret@":
        assert (answer.code, sent(server.requests[0])) == ("http_status", basic("me:s3cret"))
    assert "localhost" in answer.message and "s3cret" not in str(answer.data) + answer.stderr


@pytest.mark.parametrize("to", ["http://me:s3cret@localhost/image", "https://me:s3cret@localhost:99999/image",
                                "ftp://me:s3cret@localhost/image"])
def test_no_message_shows_the_password_of_a_link(router, liar, certificate, to):
    answer = get(router.adopted().trust(certificate.cert), liar(redirect(to)).port)
    assert answer.code == "bad_redirect" and "s3cret" not in str(answer.data) + answer.stderr
