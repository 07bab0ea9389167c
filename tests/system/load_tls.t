#!/usr/bin/env python3
"""svarm-load over TLS, against servers with certificates of an authority of our own: right, expired, for
another name, and of an authority that nobody trusts.  TAP; standard library and openssl.
"""
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from load_harness import LOAD, OK, Hostile, check, counts, done, load, run_all  # noqa: E402

work = tempfile.mkdtemp(prefix="load-tls-")
TRUST = {"SSL_CERT_FILE": work + "/ca.pem", "SSL_CERT_DIR": work}
DISTRUST = {"SSL_CERT_FILE": work + "/none.pem", "SSL_CERT_DIR": work + "/none"}


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=work)


def make_certificate(name, names, days="2"):
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    if not os.path.exists(work + "/ca.pem"):
        openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=Test CA")
    with open(f"{work}/{name}.ext", "w", encoding="utf-8") as f:
        f.write("subjectAltName=" + names)
    openssl("req", *key, "-keyout", name + ".key", "-out", name + ".csr", "-subj", "/CN=test")
    openssl("x509", "-req", "-in", name + ".csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-days", days, "-extfile", name + ".ext", "-out", name + ".pem")


def server(name, names, days="2"):
    make_certificate(name, names, days)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{work}/{name}.pem", f"{work}/{name}.key")
    return Hostile(tls=context)


def call(s, path, *options, host="localhost", env=None):
    return load(s.port, path, "-c", "4", "-n", "20", *options, base="https://" + host, env=env or TRUST)


def expect(s, path, want, *options):
    got, figures = call(s, path, *options)
    check(f"{path}: {want}", (got, counts(figures)) == (0 if want == {"200": 20} else 1, want), (got, figures))
    return figures


def test_answers():
    s = server("good", "DNS:localhost,IP:127.0.0.1")
    figures = expect(s, "ok", {"200": 20})
    check("over as many connections as asked for", figures["connects"] == 4 and
          figures["bytes_in"] == 20 * len(OK), figures)
    figures = expect(s, "ok", {"200": 20}, "--fresh")
    check("--fresh makes one for each", figures["connects"] == 20, figures)
    got, figures = call(s, "ok", host="127.0.0.1")
    check("an address is a name too", (got, counts(figures)) == (0, {"200": 20}), figures)
    for path, want in (("slowly", "200"), ("interim", "200"), ("teapot", "418"), ("until-close", "200"),
                       ("half-head", "short"), ("half-body", "short"), ("nothing", "closed"),
                       ("garbage", "malformed"), ("too-much", "malformed"), ("endless-head", "malformed")):
        expect(s, path, {want: 20})
    expect(s, "ten-gigabytes", {"timeout": 20}, "--timeout", "200ms", "-c", "20")
    with tempfile.NamedTemporaryFile() as f:
        f.write(b"x" * 3000000)
        f.flush()
        expect(s, "swallow", {"200": 20}, "--data-file", f.name)


def refused(name, s, words, **more):
    got, figures = call(s, "ok", **more)
    check(f"{name}: refused, and says why", (got, counts(figures)) == (1, {"tls": 20}) and
          words in figures.get("tls_error", ""), (got, figures))
    check(f"{name}: no request was sent", s.requests == 0, s.requests)
    got, figures = call(s, "ok", "--insecure", **more)
    check(f"{name}: taken with --insecure", (got, counts(figures)) == (0, {"200": 20}), figures)


def test_certificates():
    refused("another name", server("other", "DNS:elsewhere.example"), "mismatch")
    refused("another address", server("address", "DNS:localhost,IP:127.0.0.9"), "mismatch", host="127.0.0.1")
    refused("expired", server("expired", "DNS:localhost", "-1"), "expired")
    refused("unknown authority", server("unknown", "DNS:localhost"), "certificate", env=DISTRUST)


def test_no_tls():
    plain = Hostile()
    got, figures = call(plain, "ok", "--timeout", "2s", "-c", "20")
    check("a server that speaks no TLS", got == 1 and set(counts(figures)) <= {"tls", "timeout"}, figures)
    with socket.create_server(("127.0.0.1", 0)) as s:
        s.listen(64)
        got, figures = load(s.getsockname()[1], "", "-c", "4", "-n", "4", "--timeout", "300ms",
                            base="https://localhost", env=TRUST)
    check("a server that does not shake hands", (got, counts(figures)) == (1, {"timeout": 4}), figures)


def main():
    if not os.path.exists(LOAD):
        print(f"1..0 # SKIP no {LOAD}: make test-programs")
        return 0
    if not shutil.which("openssl"):
        print("1..0 # SKIP no openssl")
        return 0
    try:
        run_all([test_answers])
        run_all([test_certificates, test_no_tls])
        return done()
    finally:
        shutil.rmtree(work)


sys.exit(main())
