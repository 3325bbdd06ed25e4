"""Security of a link: none on loopback, TLS 1.3 with a pinned certificate and a shared secret elsewhere.

An end with the pairing line (see pairing.py) can check that the listener is the one that printed it, and prove that
it has the line. The secret only ever travels inside TLS, after the certificate has been checked.
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
import ipaddress
import os
import secrets
import socket
import ssl
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import LinkError
from ..extras import missing_extra

SCHEME = "speechzip"
FINGERPRINT_BYTES, SECRET_BYTES = 32, 16
LIFETIME = datetime.timedelta(days=3650)
"""Of a certificate: it is trusted by its fingerprint alone, so the date protects nothing."""


@dataclass(frozen=True, slots=True)
class Pin:
    """The identity of a listener that a caller knows in advance."""

    fingerprint: bytes
    """SHA-256 of its certificate, `FINGERPRINT_BYTES`."""
    secret: bytes = field(repr=False)
    """`SECRET_BYTES` that only the two ends know."""

    def client_context(self) -> ssl.SSLContext:
        """Return TLS 1.3 that accepts any certificate, since `check_pin` checks it before anything is sent."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context


@dataclass(frozen=True, slots=True)
class Identity:
    """The certificate and secret of a listener, new at each start."""

    pin: Pin
    context: ssl.SSLContext = field(repr=False)
    """TLS 1.3 with its certificate."""


@dataclass(frozen=True, slots=True)
class Address:
    """The address of a listener."""

    host: str
    port: int
    pin: Pin | None
    """None on loopback."""


def check_pin(pin: Pin, tls: ssl.SSLObject | None) -> None:
    """Compare the certificate of a connection with the pin.

    Raises:
        LinkError: it is another one: somebody stands between, or the listener was started again.
    """
    certificate = tls.getpeercert(binary_form=True) if tls else None
    fingerprint = hashlib.sha256(certificate or b"").digest()
    if not hmac.compare_digest(fingerprint, pin.fingerprint):
        raise LinkError(
            "the listener has another certificate than the pairing line says: it was started again, "
            "or somebody stands between; take the line that it prints now"
        )


def new_identity() -> Identity:
    """Return a fresh certificate and secret.

    Raises:
        LiveError: the extra ``live`` is not installed.
    """
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
    except ImportError as error:
        raise missing_extra("making a certificate", "cryptography") from error
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, SCHEME)])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))  # clocks differ
        .not_valid_after(now + LIFETIME)
        .sign(key, hashes.SHA256())
    )
    key_pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    with tempfile.TemporaryDirectory(prefix="speechzip-") as folder:  # ssl takes a path only; the folder is ours alone
        path = Path(folder) / "identity.pem"
        path.write_bytes(key_pem + certificate.public_bytes(serialization.Encoding.PEM))
        context.load_cert_chain(path)
    fingerprint = hashlib.sha256(certificate.public_bytes(serialization.Encoding.DER)).digest()
    return Identity(Pin(fingerprint, secrets.token_bytes(SECRET_BYTES)), context)


def is_loopback(host: str) -> bool:
    """Return whether an address stays on this machine. Names other than localhost are taken not to."""
    try:
        address = ipaddress.ip_address(host)
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        return (mapped or address).is_loopback
    except ValueError:
        return host == "localhost"


def reachable_host(host: str) -> str:
    """Return the address for callers of a listener on `host`: for 0.0.0.0, the address of this machine."""
    try:
        if not ipaddress.ip_address(host).is_unspecified:
            return host
    except ValueError:
        return host
    family, elsewhere = (socket.AF_INET6, "2001:db8::1") if ":" in host else (socket.AF_INET, "192.0.2.1")
    with socket.socket(family, socket.SOCK_DGRAM) as probe:  # says which way packets would go; sends none
        try:
            probe.connect((elsewhere, 9))
            return str(probe.getsockname()[0])
        except OSError:
            return os.uname().nodename
