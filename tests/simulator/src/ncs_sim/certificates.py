# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates for TLS on the link. The one module that touches `cryptography`.

The nodes of a cluster trust one authority, in a directory that all of them can read. A node makes a
certificate for itself each time it starts.
"""

from __future__ import annotations

import datetime
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ncs_sim.config import NodeConfig
from ncs_sim.errors import SimError
from ncs_sim.files import write_private
from ncs_sim.link_tls import AUTHORITY, CERTIFICATE

AUTHORITY_KEY = "ca.key"

_LIFETIME = datetime.timedelta(days=3650)
_CLOCK_SKEW = datetime.timedelta(days=1)


def make_authority(directory: Path) -> None:
    """Make the authority of a cluster, if there is none in that directory."""
    if (directory / AUTHORITY).exists():
        return
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("authority of simulated nodes")
    builder = _builder(name, name, key).add_extension(_signing(), critical=True)
    write_private(directory / AUTHORITY_KEY, _key_text(key))
    write_private(directory / AUTHORITY, _signed(builder, key, key, is_authority=True))


def certify(config: NodeConfig, authority: Path) -> None:
    """Make the node's certificate, which names `tls_names` or else the node's address."""
    make_authority(authority)
    try:
        issuer = x509.load_pem_x509_certificate((authority / AUTHORITY).read_bytes())
        secret = (authority / AUTHORITY_KEY).read_bytes()
        issuer_key = serialization.load_pem_private_key(secret, None)
    except (OSError, ValueError) as error:
        raise SimError(f"cannot use the authority in {authority}: {error}") from error
    if not isinstance(issuer_key, ec.EllipticCurvePrivateKey):
        raise SimError(f"cannot use the authority in {authority}: another kind of key")
    key = ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName(map(_named, config.tls_names or (config.address,)))
    builder = _builder(_name("simulated node"), issuer.subject, key)
    builder = builder.add_extension(names, critical=False)
    text = _signed(builder, key, issuer_key, is_authority=False) + _key_text(key)
    write_private(Path(config.directory) / CERTIFICATE, text)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _named(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _signing() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now + _LIFETIME)
    )


def _signed(
    builder: x509.CertificateBuilder,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    is_authority: bool,
) -> str:
    """The certificate as text, with what Python from 3.13 on wants to find in one."""
    constraints = x509.BasicConstraints(ca=is_authority, path_length=None)
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    builder = builder.add_extension(constraints, critical=True)
    builder = builder.add_extension(own, critical=False).add_extension(issuer, critical=False)
    signed = builder.sign(issuer_key, hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM).decode()


def _key_text(key: ec.EllipticCurvePrivateKey) -> str:
    pem, format_ = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(pem, format_, serialization.NoEncryption()).decode()
