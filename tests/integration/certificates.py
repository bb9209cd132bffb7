"""Certificates for TLS tests, made with the openssl command."""

import os
import pwd
import shutil
import subprocess
from typing import NamedTuple

import processes


class Certificate(NamedTuple):
    certificate: str
    key: str


def _openssl(*arguments, cwd):
    subprocess.run(["openssl", *arguments], cwd=cwd, check=True, capture_output=True)


def make_authority(name):
    """A self-signed authority."""
    folder = processes.new_folder("authority")
    _openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
             "-keyout", "ca.key", "-out", "ca.crt", cwd=folder)
    os.chmod(folder, 0o755)
    return Certificate(folder / "ca.crt", folder / "ca.key")


def make_certificate(authority, host, owner=None):
    """One for `host` (an address or a name), readable by `owner` alone."""
    folder = processes.new_folder("certificate", owner)
    kind = "IP" if host[0].isdigit() else "DNS"
    (folder / "names").write_text(f"subjectAltName={kind}:{host}\n")
    _openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={host}", "-keyout", "host.key", "-out", "host.csr",
             cwd=folder)
    _openssl("x509", "-req", "-in", "host.csr", "-CA", authority.certificate, "-CAkey", authority.key,
             "-CAcreateserial", "-days", "2", "-extfile", "names", "-out", "host.crt", cwd=folder)
    (folder / "host.key").chmod(0o600)
    if owner is not None and os.geteuid() == 0:
        for name in ("host.key", "host.crt"):
            shutil.chown(folder / name, owner, pwd.getpwnam(owner).pw_gid)
    return Certificate(folder / "host.crt", folder / "host.key")
