"""The cluster's certificates and kubeconfigs, made with openssl.

Keys are EC P-256, which takes a tenth of the time of RSA; only the service-account key is RSA, as the API server's
default signing algorithm wants it. ca.key stays in the folder, so that tests can make client certificates of their own.
"""

from __future__ import annotations

import base64
import dataclasses
import os
import pathlib
import subprocess

from .progress import Failure

_DAYS = "3650"
_EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


@dataclasses.dataclass(frozen=True)
class Certificate:
    """A certificate to be signed: `subject` as openssl writes it, `names` as subject alternative names."""

    name: str
    subject: str
    usage: str = "clientAuth"
    names: tuple[str, ...] = ()
    ca: str = "ca"


def _openssl(folder: pathlib.Path, *arguments: str) -> None:
    result = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise Failure(f"openssl {arguments[0]} failed: {result.stderr.strip()}")


def ensure_authority(folder: pathlib.Path, name: str, subject: str) -> None:
    """A self-signed authority NAME.crt with NAME.key."""
    if (folder / f"{name}.crt").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    _openssl(folder, "req", "-x509", *_EC, "-keyout", f"{name}.key", "-out", f"{name}.crt.new", "-days", _DAYS,
             "-subj", f"/CN={subject}")
    os.replace(folder / f"{name}.crt.new", folder / f"{name}.crt")


def ensure_service_account_key(folder: pathlib.Path) -> None:
    if (folder / "sa.pub").exists():
        return
    _openssl(folder, "genrsa", "-out", "sa.key", "2048")
    _openssl(folder, "rsa", "-in", "sa.key", "-pubout", "-out", "sa.pub.new")
    os.replace(folder / "sa.pub.new", folder / "sa.pub")


def ensure(folder: pathlib.Path, certificate: Certificate) -> None:
    """NAME.crt and NAME.key, signed by the certificate's authority in the same folder."""
    name = certificate.name
    if (folder / f"{name}.crt").exists():
        return
    extensions = ["keyUsage=digitalSignature,keyEncipherment", f"extendedKeyUsage={certificate.usage}"]
    if certificate.names:
        extensions.append("subjectAltName=" + ",".join(certificate.names))
    (folder / f"{name}.ext").write_text("\n".join(extensions) + "\n", encoding="utf-8")
    _openssl(folder, "req", *_EC, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", certificate.subject)
    _openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{certificate.ca}.crt", "-CAkey",
             f"{certificate.ca}.key", "-CAcreateserial", "-days", _DAYS, "-out", f"{name}.crt.new", "-extfile",
             f"{name}.ext")
    # The last step, so that a kill in between leaves no certificate without its key.
    os.replace(folder / f"{name}.crt.new", folder / f"{name}.crt")
    for suffix in ("csr", "ext"):
        (folder / f"{name}.{suffix}").unlink()


def kubeconfig(folder: pathlib.Path, name: str, server: str, target: pathlib.Path | None = None) -> pathlib.Path:
    """A kubeconfig for the certificate NAME, self-contained; at `target` or next to the certificate."""

    def encoded(file: str) -> str:
        return base64.b64encode((folder / file).read_bytes()).decode()

    text = f"""apiVersion: v1
kind: Config
clusters:
- name: local
  cluster: {{server: "{server}", certificate-authority-data: {encoded("ca.crt")}}}
users:
- name: {name}
  user: {{client-certificate-data: {encoded(f"{name}.crt")}, client-key-data: {encoded(f"{name}.key")}}}
contexts:
- name: local
  context: {{cluster: local, user: {name}}}
current-context: local
"""
    target = target or folder / f"{name}.kubeconfig"
    if not target.exists() or target.read_text(encoding="utf-8") != text:
        draft = target.with_name(target.name + ".new")
        draft.touch(mode=0o600)
        draft.write_text(text, encoding="utf-8")
        os.replace(draft, target)
    return target
