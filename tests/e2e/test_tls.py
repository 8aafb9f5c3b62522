# SPDX-License-Identifier: Apache-2.0
"""TLS as a second wall: whom Tandem believes, and with which code it refuses the others.

Every row has a real server, and a control client that gets the image from that very server just before: it knows the
server's certificates beforehand, or does not look. So a row's refusal is Tandem's own.
"""

import subprocess
from dataclasses import dataclass, field
from typing import Callable

import pytest

from conftest import unused_port
from liar import CLOSE, liar  # noqa: F401
from manifest import Key
from router import image, router  # noqa: F401
from small_images import BOARD, radio_only
from test_https import run_nginx
from test_trust import pin
from tls_world import FUTURE, PAST, Pki, Proxy, Site, bundle, careless, curl, page, pki, redirect, serve  # noqa: F401

OK = (0, "")
LEVEL_0 = ("--ciphers", "DEFAULT@SECLEVEL=0")


def expect(router, url, outcome, *says, options=(), environment=None):
    """outcome: exit and code. What is refused leaves everything as it is."""
    before = router.everything()
    answer = router.run("ota", "download", url, "--no-reboot", *options, **(environment or {}))
    assert (answer.exit, answer.code) == outcome, answer
    for text in says:
        assert text in answer.message
    if outcome != OK:
        assert router.everything() == before
    return answer


# ---- certificates and versions ---------------------------------------------------------------------------------------

def leaf(pki, **options):
    return pki.issue("localhost", issuer=pki.ca(), **options)


def intermediate(pki, **options):
    return pki.ca("Intermediate", issuer=pki.ca(), **options)


def fenced(pki, how, name):
    return pki.ca(f"Fenced {how} {name}", more=f"nameConstraints = critical, {how};DNS:{name}")


def narrow(pki):
    return pki.ca("Narrow", more="basicConstraints = critical, CA:TRUE, pathlen:0")


def below(pki, issuer, **options):
    return pki.issue("localhost", issuer=issuer, **options)


@dataclass(frozen=True)
class Row:
    name: str
    outcome: tuple
    server: Callable                                # pki -> Certificate
    trust: Callable = lambda pki: [pki.ca()]        # whom the router trusts
    chain: Callable = lambda pki: []                # what the server sends besides
    server_options: tuple = ()
    control: tuple = ("-k",)
    host: str = "localhost"
    options: Callable = lambda pki: ()              # the router's, such as --trust-pin
    says: tuple = ()


ROWS = [
    Row("a CA's certificate", OK, leaf, control=()),
    Row("chain with an intermediate CA", OK, lambda p: below(p, intermediate(p)), chain=lambda p: [intermediate(p)],
        control=()),
    Row("only the intermediate CA is trusted", OK, lambda p: below(p, intermediate(p)), trust=lambda p: [intermediate(p)],
        control=()),
    Row("self-signed and trusted itself", OK, lambda p: p.issue("localhost"), trust=lambda p: [p.issue("localhost")],
        control=()),
    Row("a CA's, trusted itself, its CA unknown", OK, leaf, trust=lambda p: [leaf(p)], control=()),
    Row("expired", (17, "certificate_expired"), lambda p: leaf(p, valid=PAST),
        says=("CN=localhost", "Jan  2 00:00:00 2020", "clock")),
    Row("not yet valid", (17, "certificate_not_yet_valid"), lambda p: leaf(p, valid=FUTURE),
        says=("Jan  1 00:00:00 2098", "clock")),
    Row("expired, trusted itself", (17, "certificate_expired"), lambda p: p.issue("localhost", valid=PAST),
        trust=lambda p: [p.issue("localhost", valid=PAST)]),
    Row("intermediate CA expired", (17, "certificate_expired"), lambda p: below(p, intermediate(p, valid=PAST)),
        chain=lambda p: [intermediate(p, valid=PAST)], says=("CN=Intermediate",)),
    Row("its CA expired", (17, "certificate_expired"), lambda p: below(p, p.ca("Old root", valid=PAST)),
        trust=lambda p: [p.ca("Old root", valid=PAST)], says=("CN=Old root",)),
    Row("wildcard for every name", (17, "wrong_name"), lambda p: leaf(p, names="DNS:*")),
    Row("wildcard for a part of a label", (17, "wrong_name"), lambda p: leaf(p, names="DNS:a*.update.localhost"),
        host="ab.update.localhost"),
    Row("its name as another kind of alternative name", (17, "no_alternative_name"),
        lambda p: leaf(p, names="otherName:1.2.3.4;UTF8:localhost")),
    Row("its CA may issue for others only", (17, "wrong_issuer"), lambda p: below(p, fenced(p, "permitted", "example.org")),
        trust=lambda p: [fenced(p, "permitted", "example.org")], says=("CN=localhost",)),
    Row("its CA may issue for all but this one", (17, "wrong_issuer"), lambda p: below(p, fenced(p, "excluded", "localhost")),
        trust=lambda p: [fenced(p, "excluded", "localhost")]),
    Row("its CA may issue for this one", OK, lambda p: below(p, fenced(p, "permitted", "localhost")),
        trust=lambda p: [fenced(p, "permitted", "localhost")], control=()),
    Row("a CA below one that may have none below it", (17, "wrong_issuer"), lambda p: below(p, p.ca("Low", issuer=narrow(p))),
        trust=lambda p: [narrow(p)], chain=lambda p: [p.ca("Low", issuer=narrow(p))]),
    Row("a critical extension that nobody knows", (17, "untrusted_certificate"),
        lambda p: leaf(p, more="1.2.3.4.5 = critical, DER:0500"), says=("unhandled critical extension",)),
    Row("wrong name", (17, "wrong_name"), lambda p: leaf(p, names="DNS:update.example"), says=("localhost",)),
    Row("name only in the common name", (17, "no_alternative_name"), lambda p: leaf(p, names=""), control=(),
        says=("subjectAltName",)),
    Row("name only in the common name, trusted itself", OK, lambda p: p.issue("localhost", names=""),
        trust=lambda p: [p.issue("localhost", names="")], control=()),
    Row("another common name, trusted itself", (17, "wrong_name"), lambda p: p.issue("update.example", names=""),
        trust=lambda p: [p.issue("update.example", names="")]),
    Row("right common name beside a wrong alternative one", (17, "wrong_name"), lambda p: leaf(p, names="DNS:a.example")),
    Row("IP address", OK, lambda p: leaf(p, names="IP:127.0.0.1"), host="127.0.0.1", control=()),
    Row("another IP address", (17, "wrong_name"), lambda p: leaf(p, names="IP:127.0.0.2"), host="127.0.0.1"),
    Row("IP address as a DNS name", (17, "wrong_name"), lambda p: leaf(p, names="DNS:127.0.0.1"), host="127.0.0.1"),
    Row("wildcard", OK, lambda p: leaf(p, names="DNS:*.update.localhost"), host="a.update.localhost", control=()),
    Row("wildcard for one label more", (17, "wrong_name"), lambda p: leaf(p, names="DNS:*.update.localhost"),
        host="a.b.update.localhost"),
    Row("unknown CA, sent along", (17, "untrusted_certificate"), lambda p: below(p, p.ca("Other")),
        chain=lambda p: [p.ca("Other")], says=("tandem trust add",)),
    Row("unknown CA of the same name", (17, "untrusted_certificate"), lambda p: below(p, p.ca(digest="sha384")),
        chain=lambda p: [p.ca(digest="sha384")]),
    Row("self-signed by a stranger", (17, "untrusted_certificate"), lambda p: p.issue("localhost", digest="sha384")),
    Row("intermediate CA missing", (17, "issuer_missing"), lambda p: below(p, intermediate(p)),
        says=("intermediate", "tandem trust add")),
    Row("key of RSA 1024", (17, "weak_certificate"), lambda p: leaf(p, key="rsa:1024"), says=("2048",),
        server_options=("-cipher", "ALL:@SECLEVEL=0"), control=("-k", *LEVEL_0)),
    Row("key of RSA 1024, trusted itself", (17, "weak_certificate"), lambda p: p.issue("localhost", key="rsa:1024"),
        trust=lambda p: [p.issue("localhost", key="rsa:1024")], server_options=("-cipher", "ALL:@SECLEVEL=0"),
        control=LEVEL_0),
    Row("signed with SHA-1", (17, "weak_certificate"), lambda p: leaf(p, digest="sha1"), says=("SHA-256",),
        server_options=("-cipher", "ALL:@SECLEVEL=0"), control=LEVEL_0),
    Row("CA with RSA 1024", (17, "weak_certificate"), lambda p: below(p, p.ca("Weak", key="rsa:1024")),
        trust=lambda p: [p.ca("Weak", key="rsa:1024")], server_options=("-cipher", "ALL:@SECLEVEL=0"), control=LEVEL_0),
    Row("certificate for clients only", (17, "wrong_purpose"), lambda p: leaf(p, use="clientAuth"),
        says=("serverAuth",)),
    Row("issued by one that is no CA", (17, "wrong_issuer"), lambda p: below(p, leaf(p, names="DNS:other")),
        chain=lambda p: [leaf(p, names="DNS:other")]),
    Row("TLS 1.1", (15, "tls_too_old"), leaf, server_options=("-tls1_1", "-cipher", "ALL:@SECLEVEL=0"),
        control=("--tlsv1.0", "--tls-max", "1.1", *LEVEL_0), says=("TLS 1.2",)),
    Row("TLS 1.0", (15, "tls_too_old"), leaf, server_options=("-tls1", "-cipher", "ALL:@SECLEVEL=0"),
        control=("--tlsv1.0", "--tls-max", "1.0", *LEVEL_0)),
    Row("TLS 1.2", OK, leaf, server_options=("-tls1_2",), control=("--tls-max", "1.2")),
    Row("TLS 1.3", OK, leaf, server_options=("-tls1_3",), control=("--tlsv1.3",)),
    Row("a cipher without a certificate behind it", (30, "tls_failed"), leaf,
        server_options=("-tls1_2", "-cipher", "aNULL:@SECLEVEL=0"),
        control=("-k", "--tls-max", "1.2", "--ciphers", "aNULL:@SECLEVEL=0")),
    Row("finite-field group of 1024 bits", (30, "tls_failed"), lambda p: leaf(p, key="rsa:2048"),
        server_options=("-tls1_2", "-cipher", "DHE:@SECLEVEL=0", "-dhparam", "DH1024"),
        control=("--tls-max", "1.2", *LEVEL_0)),
    Row("CA rotated, old and new trusted", OK, lambda p: below(p, p.ca("New root")),
        trust=lambda p: [p.ca(), p.ca("New root")], control=()),
    Row("CA rotated, the old one still serves", OK, leaf, trust=lambda p: [p.ca(), p.ca("New root")], control=()),
    Row("CA rotated, only the old one trusted", (17, "issuer_missing"), lambda p: below(p, p.ca("New root"))),
    Row("pin right", OK, leaf, options=lambda p: ("--trust-pin", pin(leaf(p).cert)), control=()),
    Row("pin of the key to come beside today's", OK, leaf, control=(),
        options=lambda p: ("--trust-pin", f"{pin(p.ca().cert)};{pin(leaf(p).cert)}")),
    Row("pin wrong", (17, "pin_mismatch"), leaf, options=lambda p: ("--trust-pin", pin(p.ca().cert)), control=(),
        says=("pinned", "[trust] pin")),
    Row("pin right, certificate unknown", (17, "issuer_missing"), lambda p: below(p, p.ca("Other")),
        options=lambda p: ("--trust-pin", pin(below(p, p.ca("Other")).cert))),
    Row("pin that is a file's name", (10, "bad_pin"), leaf, options=lambda p: ("--trust-pin", "/etc/pin.pem"), control=()),
    Row("pin cut short", (10, "bad_pin"), leaf, options=lambda p: ("--trust-pin", pin(leaf(p).cert)[:-5] + "="),
        control=()),
    Row("the system's store, which does not know it", (17, "issuer_missing"), leaf, trust=lambda p: [],
        options=lambda p: ("--trust-use-system", "yes")),
]
DH_1024 = """-----BEGIN DH PARAMETERS-----
MIGHAoGBAP//////////yQ/aoiFowjTExmKLgNwc0SkCTgiKZ8x0Agu+pjsTmyJR
Sgh5jjQE3e+VGbPNOkMbMCsKbfJfFDdP4TVtbVHCReSFtXZiXn7G9ExC6aY37WsL
/1y29Aa37e44a/taiZ+lrp8kEXxLH+ZJKGZR7OZTgf//////////AgEC
-----END DH PARAMETERS-----
"""


def start(row, pki, https_server, folder):
    """The row's server; its port, and what a client has to know to believe it."""
    extra = ["-cert_chain", bundle(folder / "chain.pem", *[c.cert for c in row.chain(pki)])] if row.chain(pki) else []
    options = [folder / "dh.pem" if word == "DH1024" else word for word in row.server_options]
    (folder / "dh.pem").write_text(DH_1024)
    port = https_server(folder, certificate=row.server(pki), arguments=[*extra, *options])
    return f"https://{row.host}:{port}/image"


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_server(router, pki, https_server, image, tmp_path, row):  # noqa: F811
    (tmp_path / "image").write_bytes(image())
    url = start(row, pki, https_server, tmp_path)
    known = ["--cacert", bundle(tmp_path / "known.pem", *[c.cert for c in row.trust(pki)])] if "-k" not in row.control else []
    assert curl(url, *row.control, *known) == image()
    router.adopted()
    for certificate in row.trust(pki):
        router.trust(certificate.cert)
    expect(router, url, row.outcome, *row.says, options=row.options(pki))


# A system's configuration as permissive as it can be written.
PERMISSIVE = """openssl_conf = here
[here]
ssl_conf = tls
[tls]
system_default = defaults
[defaults]
MinProtocol = TLSv1
CipherString = ALL:@SECLEVEL=0
Options = UnsafeLegacyServerConnect, UnsafeLegacyRenegotiation
"""


@pytest.mark.parametrize("name", ["TLS 1.1", "key of RSA 1024, trusted itself", "signed with SHA-1"])
def test_permissive_openssl_cnf_changes_nothing(router, pki, https_server, image, tmp_path, name):  # noqa: F811
    [row] = [row for row in ROWS if row.name == name]
    (tmp_path / "image").write_bytes(image())
    (tmp_path / "openssl.cnf").write_text(PERMISSIVE)
    url = start(row, pki, https_server, tmp_path)
    [trusted] = row.trust(pki)
    environment = {"OPENSSL_CONF": str(tmp_path / "openssl.cnf")}
    assert curl(url, "--tlsv1.0", "--cacert", trusted.cert, **environment) == image()
    router.adopted().trust(trusted.cert)
    expect(router, url, row.outcome, environment=environment)


def test_trust_from_a_folder(router, pki, https_server, image, tmp_path):  # noqa: F811
    """Rotation without touching the router's own file: both CAs as files of a folder."""
    folder = tmp_path / "trusted"
    folder.mkdir()
    bundle(folder / "old.pem", pki.ca().cert)
    bundle(folder / "new.crt", pki.ca("New root").cert)
    (tmp_path / "image").write_bytes(image())
    port = https_server(tmp_path, certificate=below(pki, pki.ca("New root")))
    url = f"https://localhost:{port}/image"
    assert curl(url, "--cacert", folder / "new.crt") == image()
    expect(router.adopted(), url, (17, "nothing_trusted"))
    expect(router, url, OK, options=("--trust-folder", folder))


@pytest.mark.parametrize("use, outcome", [("yes", OK), ("no", (17, "issuer_missing"))])
def test_system_store_that_knows_it(router, pki, https_server, image, tmp_path, use, outcome):  # noqa: F811
    """The system's folder is exchanged for the two programs alone, in a mount namespace of theirs."""
    folder, wrapper = tmp_path / "certs", tmp_path / "wrapper"
    folder.mkdir()
    bundle(folder / "ca-certificates.crt", pki.ca().cert)
    wrapper.write_text(f"""#!/bin/sh
exec unshare --map-root-user --mount sh -c 'mount --bind {folder} /etc/ssl/certs && exec "$@"' sh "$@"\n""")
    wrapper.chmod(0o755)
    if subprocess.run([wrapper, "true"], capture_output=True).returncode != 0:
        pytest.skip("no mount namespace to be had here")
    (tmp_path / "image").write_bytes(image())
    url = f"https://localhost:{https_server(tmp_path, certificate=leaf(pki))}/image"
    assert subprocess.run([wrapper, "curl", "-sS", url], capture_output=True, check=True).stdout == image()
    program = router.adopted().trust(pki.ca("Other").cert).program
    router.program = tmp_path / "tandem"
    router.program.write_text(f'#!/bin/sh\nexec {wrapper} {program} "$@"\n')
    router.program.chmod(0o755)
    expect(router, url, outcome, options=("--trust-use-system", use))


# ---- client certificates ---------------------------------------------------------------------------------------------

def client(pki, **options):
    return pki.issue("router-7", issuer=pki.ca("Clients"), names="", **{"use": "clientAuth", **options})


MUTUAL = [  # name, outcome, the router's certificate, or none
    ("none", (17, "client_certificate_needed"), None),
    ("right", OK, client),
    ("of an unknown CA", (17, "client_certificate_refused"), lambda p: p.issue("router-7", names="")),
    ("expired", (17, "client_certificate_refused"), lambda p: client(p, valid=PAST)),
    ("for servers", (17, "client_certificate_refused"), lambda p: client(p, use="serverAuth")),
]


def own(certificate):
    return ("--source-client-certificate", certificate.cert, "--source-client-key", certificate.key) if certificate else ()


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
@pytest.mark.parametrize("name, outcome, certificate", MUTUAL, ids=[row[0] for row in MUTUAL])
def test_client_certificate(router, pki, https_server, image, tmp_path, name, outcome, certificate, version):  # noqa: F811
    (tmp_path / "image").write_bytes(image())
    port = https_server(tmp_path, certificate=leaf(pki), arguments=[
        version, "-Verify", "1", "-verify_return_error", "-verifyCAfile", pki.ca("Clients").cert])
    url = f"https://localhost:{port}/image"
    assert curl(url, "--cacert", pki.ca().cert, "-E", client(pki).cert, "--key", client(pki).key) == image()
    expect(router.adopted().trust(pki.ca().cert), url, outcome, options=own(certificate and certificate(pki)))


@pytest.mark.parametrize("name, outcome, certificate", MUTUAL[:3], ids=[row[0] for row in MUTUAL[:3]])
def test_client_certificate_for_nginx(router, pki, image, tmp_path, name, outcome, certificate):  # noqa: F811
    """nginx lets such a client in, and answers with a page."""
    (tmp_path / "image").write_bytes(image())
    wants = f"ssl_verify_client on; ssl_client_certificate {pki.ca('Clients').cert};"
    with run_nginx(tmp_path / "nginx", tmp_path, leaf(pki), wants) as server:
        assert curl(f"{server}/image", "--cacert", pki.ca().cert, "-E", client(pki).cert, "--key", client(pki).key) == image()
        expect(router.adopted().trust(pki.ca().cert), f"{server}/image", outcome, options=own(certificate and certificate(pki)))


KEYS = [  # name, outcome, certificate's and key's content, control's options
    ("one file with both", OK, lambda c, other: (c.cert.read_text() + c.key.read_text(), None), ()),
    ("key with a passphrase", (41, "client_key_encrypted"), lambda c, other: (c.cert.read_text(), locked(c.key)),
     ("--pass", "secret")),
    ("key of another certificate", (16, "client_key_misfit"), lambda c, other: (c.cert.read_text(), other.key.read_text()),
     None),
    ("no key in the file", (21, "client_key_file"), lambda c, other: (c.cert.read_text(), "nothing\n"), None),
    ("no certificate in the file", (21, "client_certificate_file"), lambda c, other: ("nothing\n", c.key.read_text()), None),
    ("key alone", (21, "client_certificate_file"), lambda c, other: (None, c.key.read_text()), None),
]


def locked(key) -> str:
    path = key.with_suffix(".locked")
    Pki.openssl("pkey", "-in", key, "-aes256", "-passout", "pass:secret", "-out", path)
    return path.read_text()


@pytest.mark.parametrize("name, outcome, files, control", KEYS, ids=[row[0] for row in KEYS])
def test_files_of_the_client(router, pki, https_server, image, tmp_path, name, outcome, files, control):  # noqa: F811
    options = []
    for word, text in zip(("certificate", "key"), files(client(pki), leaf(pki))):
        if text is not None:
            (tmp_path / f"{word}.pem").write_text(text)
            options += [f"--source-client-{word}", tmp_path / f"{word}.pem"]
    (tmp_path / "image").write_bytes(image())
    port = https_server(tmp_path, certificate=leaf(pki), arguments=["-Verify", "1", "-verify_return_error",
                                                                    "-verifyCAfile", pki.ca("Clients").cert])
    url = f"https://localhost:{port}/image"
    theirs = ["-E", client(pki).cert, "--key", client(pki).key] if control is None else ["-E", tmp_path / "certificate.pem"]
    theirs += ["--key", tmp_path / "key.pem", *control] if control else []
    assert curl(url, "--cacert", pki.ca().cert, *theirs) == image()
    says = () if outcome == OK else (str(tmp_path) if name != "key alone" else "client-certificate",)
    expect(router.adopted().trust(pki.ca().cert), url, outcome, *says, options=options)


# ---- connections that end oddly --------------------------------------------------------------------------------------

def head(length=None) -> bytes:
    return f"HTTP/1.1 200 OK\r\n{f'Content-Length: {length}' if length else 'X: y'}\r\nConnection: close\r\n\r\n".encode()


TRUNCATED = [  # name, outcome, does the server tell a length
    ("no goodbye, length told", (30, "connection_broke"), True),
    ("no goodbye, no length", (11, "truncated"), False),
]


@pytest.mark.parametrize("name, outcome, tells", TRUNCATED, ids=[row[0] for row in TRUNCATED])
def test_truncated_close(router, pki, liar, image, name, outcome, tells):  # noqa: F811
    data = image()
    server = liar([head(len(data) if tells else None) + data[:30000], CLOSE], certificate=leaf(pki))
    url = f"https://localhost:{server.port}/image"
    assert careless(server.port, pki.ca().cert) == data[:30000]  # which takes it for the whole
    router.adopted().trust(pki.ca().cert)
    before = router.state()
    answer = router.run("ota", "download", url)
    assert (answer.exit, answer.code) == outcome, answer
    assert router.state() == before and not router.was_restarted


def test_renegotiation(router, pki, https_server, tmp_path):  # noqa: F811
    port = https_server(tmp_path, certificate=leaf(pki), arguments=["-www", "-tls1_2"])
    url = f"https://localhost:{port}/reneg"
    assert b"Ciphers supported" in curl(url, "--cacert", pki.ca().cert)
    expect(router.adopted().trust(pki.ca().cert), url, (15, "renegotiation"))


def test_no_tls_at_all(router, pki, sites):  # noqa: F811
    assert curl(sites.plain.url()) == sites.data
    expect(router.adopted().trust(pki.ca().cert), sites.plain.url().replace("http:", "https:"), (30, "tls_failed"), "port")


# ---- redirects -------------------------------------------------------------------------------------------------------

@dataclass
class Sites:
    """Two hosts. `here` is the one that is asked, `there` is another to whoever compares names and ports."""
    here: Site
    there: Site
    plain: Site
    data: bytes = field(repr=False)


@pytest.fixture
def sites(pki, serve, image) -> Sites:  # noqa: F811
    made = Sites(serve(Site(leaf(pki))), serve(Site(leaf(pki, names="IP:127.0.0.1"))), serve(Site(None)), image())
    for site in (made.here, made.there, made.plain):
        site.pages["/image"] = page(made.data)
    return made


def cookie_wall(sites):
    """A server that is done with redirecting once its cookie comes back: for a client without cookies a loop."""
    def answer(head):
        return page(sites.data) if "cookie: seen" in head.lower() else redirect("/round", "Set-Cookie: seen=1")
    return answer


def stairs(sites, steps):
    for i in range(1, steps):
        sites.here.pages[f"/{i}"] = redirect(f"/{i + 1}" if i + 1 < steps else "/image")
    return redirect("/1" if steps > 1 else "/image")


REDIRECTS = [  # name, outcome, the answer to /start, control's options besides -L, says
    ("to the same host", OK, lambda s: redirect("/image"), (), ()),
    ("with a full address", OK, lambda s: redirect(s.here.url()), (), ()),
    ("to another host", OK, lambda s: redirect(s.there.url(host="127.0.0.1")), (), ()),
    ("301", OK, lambda s: redirect("/image", status="301 Moved Permanently"), (), ()),
    ("307", OK, lambda s: redirect("/image", status="307 Temporary Redirect"), (), ()),
    ("308", OK, lambda s: redirect("/image", status="308 Permanent Redirect"), (), ()),
    ("to http", (15, "bad_redirect"), lambda s: redirect(s.plain.url()), (), ("without https", '"http://localhost:')),
    ("to http behind another", (15, "bad_redirect"), lambda s: (s.there.pages.update({"/x": redirect(s.plain.url())}),
                                                                redirect(s.there.url("/x", "127.0.0.1")))[1], (), ()),
    ("to another host with a wrong name", (17, "wrong_name"), lambda s: redirect(s.there.url()), ("-k",),
     ("redirected to https://localhost:",)),
    ("loop", (32, "too_many_redirects"), cookie_wall, ("-b", ""), ()),
    ("5 steps", OK, lambda s: stairs(s, 5), (), ()),
    ("6 steps", (32, "too_many_redirects"), lambda s: stairs(s, 6), (), ('/image"', "last address")),
    ("with a page longer than is read", (32, "bad_redirect"),
     lambda s: page(b"x" * 70000, "302 Found", "Location: /image"), (), ()),
]


@pytest.mark.parametrize("name, outcome, answer, control, says", REDIRECTS, ids=[row[0] for row in REDIRECTS])
def test_redirect(router, pki, sites, name, outcome, answer, control, says):  # noqa: F811
    wanted = answer(sites)
    for path in ("/start", "/round"):
        sites.here.pages[path] = wanted
    assert curl(sites.here.url("/start"), "-L", "--cacert", pki.ca().cert, *control) == sites.data
    asked = len(sites.plain.requests)
    expect(router.adopted().trust(pki.ca().cert), sites.here.url("/start"), outcome, *says)
    assert len(sites.plain.requests) == asked


BASIC = "Authorization: Basic bWU6c2VjcmV0"  # me:secret
SECRETS = [  # name, where /start leads, does /image get the password, control's options besides -L
    ("same host", lambda s: s.here.url(), True, ()),
    ("another host", lambda s: s.there.url(host="127.0.0.1"), False, ("--location-trusted",)),
    ("same host with another port", lambda s: s.there.url(host="localhost"), False, ("--location-trusted",)),
    ("another host, with secrets of its own", lambda s: s.there.url(host="127.0.0.1", user="a:b@"), False, ("--location-trusted",)),
]


@pytest.mark.parametrize("name, to, gets, control", SECRETS, ids=[row[0] for row in SECRETS])
def test_password_stays_with_its_host(router, pki, serve, image, name, to, gets, control):  # noqa: F811
    both = leaf(pki, names="DNS:localhost,IP:127.0.0.1")
    sites = Sites(serve(Site(both)), serve(Site(both)), serve(Site(None)), image())
    sites.here.pages.update({"/start": redirect(to(sites)), "/image": page(sites.data)})
    sites.there.pages["/image"] = page(sites.data)
    url = sites.here.url("/start", user="me:secret@")
    end = sites.here if to(sites).startswith(sites.here.url()) else sites.there

    assert curl(sites.here.url("/start"), "-u", "me:secret", "-L", "--cacert", pki.ca().cert, *control) == sites.data
    assert end.secrets()[-1] != "", "the control client sends a password there"
    expect(router.adopted().trust(pki.ca().cert), url, OK)
    assert end.secrets()[-1] == (BASIC if gets else "")
    assert sites.here.secrets()[-2 if gets else -1] == BASIC


def test_password_is_in_no_message(router, pki, sites):  # noqa: F811
    answer = expect(router.adopted().trust(pki.ca().cert), sites.here.url("/none", user="me:secret@"), (32, "http_status"),
                    "https://localhost:")
    assert "secret" not in str(answer.data) + answer.stderr


def test_client_certificate_stays_with_its_host(router, pki, serve, image):  # noqa: F811
    here, there = serve(Site(leaf(pki), pki.ca("Clients"))), serve(Site(leaf(pki), pki.ca("Clients")))
    here.pages["/start"], there.pages["/image"] = redirect(there.url()), page(image())
    mine = client(pki)
    curl(here.url("/start"), "-L", "--cacert", pki.ca().cert, "-E", mine.cert, "--key", mine.key)
    assert (here.client_names, there.client_names) == (["router-7"], ["router-7"])
    expect(router.adopted().trust(pki.ca().cert), here.url("/start"), OK, options=own(mine))
    assert (here.client_names[1:], there.client_names[1:]) == (["router-7"], [None])


# Whoever shows no certificate, or is not asked for one, is not let in; the connection stays in either case.
PRIVATE = "ssl_verify_client optional; ssl_client_certificate {ca}; if ($ssl_client_verify != SUCCESS) {{ return 403; }}"


@pytest.mark.parametrize("words, outcome", [(("{here}/start", "{there}/image"), OK),
                                            (("{there}/nope", "{here}/start"), (32, "http_status"))])
def test_a_kept_connection_is_no_ones_who_shows_another_certificate(router, pki, serve, image, tmp_path, words,  # noqa: F811
                                                                    outcome):
    """Led there we show none, asked for it by name we do: in this order, and in the other one."""
    (tmp_path / "www").mkdir()
    (tmp_path / "www/image").write_bytes(image())
    here = serve(Site(leaf(pki)))
    with run_nginx(tmp_path / "nginx", tmp_path / "www", leaf(pki), PRIVATE.format(ca=pki.ca("Clients").cert)) as there:
        here.pages["/start"] = redirect(f"{there}/image")
        urls = [word.format(here=here.url(""), there=there) for word in words]
        answer = router.trust(pki.ca().cert).run("ota", "download", *urls, *own(client(pki)))
    assert (answer.exit, answer.code) == outcome, answer
    assert outcome == OK or (answer.data["http_status"] == 403 and "in 2 attempts" in answer.message)


# ---- proxies ---------------------------------------------------------------------------------------------------------

PROXIES = [  # name, outcome, proxy's status, environment beside https_proxy, is the proxy asked, control's options
    ("https_proxy", OK, None, {}, True, ()),
    ("no_proxy", OK, "403 Forbidden", {"no_proxy": "example,localhost"}, False, ()),
    ("one that refuses", (32, "proxy_refused"), "403 Forbidden", {}, True, ("--noproxy", "*")),
    ("one that wants a password", (32, "proxy_refused"), "407 Proxy Authentication Required", {}, True, ("--noproxy", "*")),
]


@pytest.mark.parametrize("name, outcome, status, more, is_asked, control", PROXIES, ids=[row[0] for row in PROXIES])
def test_proxy(router, pki, serve, sites, name, outcome, status, more, is_asked, control):  # noqa: F811
    proxy = serve(Proxy(status) if status else Proxy())
    environment = {"https_proxy": f"http://me:secret@127.0.0.1:{proxy.port}", **more}
    assert curl(sites.here.url(), "--cacert", pki.ca().cert, *control, **environment) == sites.data
    asked = len(proxy.requests)
    answer = expect(router.adopted().trust(pki.ca().cert), sites.here.url(), outcome, environment=environment)
    assert (len(proxy.requests) > asked) == is_asked
    if is_asked:
        assert proxy.requests[-1].startswith(f"CONNECT localhost:{sites.here.port} HTTP/1.1\r\n")
        assert "Proxy-Authorization: Basic bWU6c2VjcmV0" in proxy.requests[-1]
    assert not any("authorization" in head.lower() for head in sites.here.requests)
    assert "secret" not in str(answer.data) + answer.stderr


def test_proxy_that_leads_elsewhere(router, pki, serve, sites, image):  # noqa: F811
    impostor = serve(Site(pki.issue("localhost")))
    impostor.pages["/image"] = page(image())
    environment = {"https_proxy": f"http://127.0.0.1:{serve(Proxy(to=impostor.port)).port}"}
    assert curl(sites.here.url(), "-k", **environment) == image()
    expect(router.adopted().trust(pki.ca().cert), sites.here.url(), (17, "untrusted_certificate"), environment=environment)


def test_proxy_that_is_not_there(router, pki, sites):  # noqa: F811
    environment = {"https_proxy": f"http://127.0.0.1:{unused_port()}"}
    assert curl(sites.here.url(), "--noproxy", "*", "--cacert", pki.ca().cert, **environment) == sites.data
    expect(router.adopted().trust(pki.ca().cert), sites.here.url(), (30, "no_connection"), environment=environment)


@pytest.mark.parametrize("proxy", ["http://me:s3cret@127.0.0.1:99999", "http://me:s3cret @127.0.0.1:1",
                                   "carrier-pigeon://me:s3cret@127.0.0.1:1", "http://me:s3cret@no.such.invalid:1"])
def test_password_of_a_proxy_is_in_no_message(router, pki, sites, proxy):  # noqa: F811
    answer = router.adopted().trust(pki.ca().cert).run("ota", "download", sites.here.url(), https_proxy=proxy)
    assert answer.exit == 30 and "s3cret" not in str(answer.data) + answer.stderr


# ---- believing anybody, once -----------------------------------------------------------------------------------------

def test_insecure_without_keys_connects_to_nobody(router, pki, serve, image):  # noqa: F811
    site = serve(Site(pki.issue("stranger", names="")))
    site.pages["/image"] = page(image())
    assert curl(site.url(), "-k") == image()
    expect(router.adopted().trust(pki.ca().cert), site.url(), (15, "insecure_needs_signature"), "signed",
           options=("--insecure-tls",))
    assert len(site.requests) == 1


def test_plain_http_without_keys_connects_to_nobody(router, sites):
    assert curl(sites.plain.url()) == sites.data
    expect(router.adopted(), sites.plain.url(), (15, "plain_http"))
    expect(router, sites.plain.url(), (15, "insecure_needs_signature"), options=("--source-allow-http", "yes"))
    assert len(sites.plain.requests) == 1


def test_http_may_lead_to_https_and_not_back(router, pki, keys, sites):  # noqa: F811
    sites.plain.pages["/start"] = redirect(sites.here.url())
    sites.here.pages.update({"/image": page(signed(OURS)), "/back": redirect(sites.plain.url())})
    sites.plain.pages.update({"/image": page(signed(OURS)), "/round": redirect(sites.here.url("/back"))})
    options = ("--source-allow-http", "yes", *keys)
    for path in ("/start", "/round"):
        assert curl(sites.plain.url(path), "-L", "--cacert", pki.ca().cert) == signed(OURS)
    router.adopted().trust(pki.ca().cert)
    expect(router, sites.plain.url("/round"), (15, "bad_redirect"), options=options)
    expect(router, sites.plain.url("/start"), OK, options=options)


OURS, THEIRS = Key.of_number(7), Key.of_number(8)


@pytest.fixture
def keys(tmp_path) -> tuple:
    """Options of a router that takes what OURS has signed."""
    (tmp_path / "ours.pem").write_bytes(OURS.public_pem)
    return ("--images-keys", tmp_path / "ours.pem", "--device-compatible", BOARD.decode())


def signed(*by) -> bytes:
    return radio_only(*by).bytes


INSECURE = [  # name, outcome, the image, the server's certificate, options
    ("expired, signed", OK, signed(OURS), lambda p: p.issue("localhost", valid=PAST), ()),
    ("a stranger's, signed", OK, signed(OURS), lambda p: p.issue("stranger", names=""), ()),
    ("weak, signed", OK, signed(OURS), lambda p: p.issue("localhost", key="rsa:1024"), ()),
    ("not signed", (17, "unsigned"), signed(), lambda p: p.issue("stranger"), ()),
    ("signed by others", (17, "unknown_key"), signed(THEIRS), lambda p: p.issue("stranger"), ()),
    ("pin wrong", (17, "pin_mismatch"), signed(OURS), lambda p: p.issue("stranger"), lambda p: ("--trust-pin", pin(p.ca().cert))),
    ("pin right", OK, signed(OURS), lambda p: p.issue("stranger"), lambda p: ("--trust-pin", pin(p.issue("stranger").cert))),
]


@pytest.mark.parametrize("name, outcome, data, certificate, options", INSECURE, ids=[row[0] for row in INSECURE])
def test_insecure_with_keys(router, pki, keys, https_server, tmp_path, name, outcome, data, certificate, options):
    (tmp_path / "image").write_bytes(data)
    port = https_server(tmp_path, certificate=certificate(pki), arguments=["-cipher", "DEFAULT:@SECLEVEL=0"])
    url = f"https://localhost:{port}/image"
    assert curl(url, "-k", *LEVEL_0) == data
    more = options(pki) if options else ()
    answer = expect(router.adopted(), url, outcome, options=("--insecure-tls", *keys, *more))
    assert outcome != OK or answer.data["signed"] is True


def test_insecure_lowers_no_version(router, pki, keys, https_server, tmp_path):  # noqa: F811
    (tmp_path / "image").write_bytes(signed(OURS))
    port = https_server(tmp_path, certificate=leaf(pki), arguments=["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"])
    url = f"https://localhost:{port}/image"
    assert curl(url, "-k", "--tlsv1.0", "--tls-max", "1.1", *LEVEL_0) == signed(OURS)
    expect(router.adopted(), url, (15, "tls_too_old"), options=("--insecure-tls", *keys))


def test_insecure_is_for_one_host(router, pki, keys, serve):  # noqa: F811
    here, there = serve(Site(pki.issue("localhost"))), serve(Site(pki.issue("localhost")))
    here.pages["/start"], there.pages["/image"] = redirect(there.url()), page(signed(OURS))
    assert curl(here.url("/start"), "-k", "-L") == signed(OURS)
    expect(router.adopted(), here.url("/start"), (17, "untrusted_certificate"), "redirected to",
           options=("--insecure-tls", *keys))
    router.trust(pki.issue("localhost").cert)
    expect(router, here.url("/start"), OK, options=("--insecure-tls", *keys))


@pytest.mark.parametrize("data, outcome", [(signed(OURS), OK), (signed(), (17, "unsigned"))], ids=["signed", "unsigned"])
def test_plain_http_with_keys(router, keys, serve, data, outcome):  # noqa: F811
    site = serve(Site(None))
    site.pages["/image"] = page(data)
    assert curl(site.url()) == data
    expect(router.adopted(), site.url(), outcome, options=("--source-allow-http", "yes", *keys))


@pytest.mark.parametrize("what", ["http://localhost/image", "/tmp/image"])
def test_insecure_is_for_https(router, what):
    expect(router.adopted(), what, (2, "usage"), "https://", options=("--insecure-tls",))
