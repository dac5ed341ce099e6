"""Keys of devices and people, and what they sign."""
from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding, NoEncryption, PrivateFormat, PublicFormat, load_pem_private_key,
)

from .problems import WrongUse

ALGORITHMS = {"P-256": ["ES256"], "Ed25519": ["EdDSA", "Ed25519"]}
"""The `alg` values that each kind of key may sign with."""


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass(frozen=True)
class Key:
    """A private key, and the algorithm that its JWTs name."""
    private: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
    algorithm: str

    @property
    def kind(self) -> str:
        return "P-256" if isinstance(self.private, ec.EllipticCurvePrivateKey) else "Ed25519"

    @property
    def pem(self) -> str:
        return self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    @property
    def public_pem(self) -> str:
        return self.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    @property
    def raw_public(self) -> str:
        """The 32 bytes of an Ed25519 key in base64url: the name of an identity key."""
        return base64url(self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    @property
    def thumbprint(self) -> str:
        der = self.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return hashlib.sha256(der).hexdigest()

    def sign(self, text: str) -> bytes:
        """DER for P-256, 64 bytes for Ed25519: the form of a proof of possession."""
        if isinstance(self.private, ed25519.Ed25519PrivateKey):
            return self.private.sign(text.encode())
        return self.private.sign(text.encode(), ec.ECDSA(SHA256()))

    def proof(self, jwt: str) -> str:
        """That whoever sends this JWT holds this key."""
        return base64.b64encode(self.sign(jwt)).decode()

    def jwt(self, kid: str, payload: dict[str, Any]) -> str:
        header = {"alg": self.algorithm, "typ": "JWT", "kid": kid}
        text = ".".join(base64url(json.dumps(part, separators=(",", ":")).encode()) for part in (header, payload))
        signature = self.sign(text)
        if self.kind == "P-256":  # a JWT has r and s with 32 bytes each
            signature = b"".join(number.to_bytes(32, "big") for number in decode_dss_signature(signature))
        return f"{text}.{base64url(signature)}"


def new_key(algorithm: str) -> Key:
    if algorithm == "ES256":
        return Key(ec.generate_private_key(ec.SECP256R1()), algorithm)
    return Key(ed25519.Ed25519PrivateKey.generate(), algorithm)


def load_key(pem: str, algorithm: str | None = None) -> Key:
    """From unencrypted PKCS#8. Raises WrongUse for anything but a P-256 or Ed25519 key, and never quotes it."""
    try:
        private = load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise WrongUse("a key cannot be read: it has to be unencrypted PKCS#8 in PEM") from None
    if isinstance(private, ec.EllipticCurvePrivateKey) and isinstance(private.curve, ec.SECP256R1):
        key = Key(private, algorithm or "ES256")
    elif isinstance(private, ed25519.Ed25519PrivateKey):
        key = Key(private, algorithm or "EdDSA")
    else:
        raise WrongUse("this example has P-256 and Ed25519 keys only")
    if key.algorithm not in ALGORITHMS[key.kind]:
        raise WrongUse(f"a {key.kind} key cannot sign {key.algorithm}")
    return key
