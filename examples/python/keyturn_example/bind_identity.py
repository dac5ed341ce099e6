"""Binds an e-mail address and a phone number to an Ed25519 key, and has the service countersign that they are its own."""
from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from keyturn.v1 import identity_binding_service_pb2 as identity

from .connection import Connection
from .keys import Key, load_key, new_key
from .operator_calls import Operator
from .problems import NotNow
from .refusals import Refused
from .storage import Lock, private_folder, read_private, write_durably


class Person:
    """An identity key in a state folder. It is stored before anybody hears of it."""

    def __init__(self, connection: Connection, folder: Path) -> None:
        self.connection, self.stub, self.folder = connection, connection.identities, folder
        file = folder / "identity.pem"
        if not file.exists():
            write_durably(file, new_key("EdDSA").pem)
        self.key: Key = load_key(read_private(file))
        self.pk = self.key.raw_public

    def jwt(self, **claims: str) -> str:
        """With `iat`, the service refuses older ones of this key from then on."""
        return self.key.jwt(self.pk, {"sub": self.pk, "iat": int(time.time()), **claims})

    def register(self) -> str:
        """Stores the secret that revokes the key; whoever loses the key needs it. Says what became of it."""
        file = self.folder / "revocation_secret"
        if file.exists():
            return "registered before"
        try:
            answer = self.connection.call(self.stub.KeyRegister, identity.KeyRegisterRequest(jwt=self.jwt()), again=True)
        except Refused as refused:
            if refused.reason != "AUTHENTIQ_DUPLICATE_KEY":
                raise
            return "registered before, and its answer was lost: only the addresses or the operator revoke this key"
        write_durably(file, f"{answer.message.secret}\n")
        return f"registered; {file} has the secret that revokes it"

    def bind(self, email: str, phone: str) -> None:
        """Says that the addresses are this key's. Nobody has asked them so far. The same twice is the same."""
        request = identity.KeyBindRequest(pk=self.pk, jwt=self.jwt(email=email, phone=phone))
        self.connection.call(self.stub.KeyBind, request, again=True)

    def open_job(self, scope: str, address: str) -> str:
        """Has a code sent. Not again on doubt: that would send another one."""
        request = identity.SignRequestRequest(jwt=self.jwt(scope=scope, **{scope: address}))
        return self.connection.call(self.stub.SignRequest, request, again=False).message.job

    def confirm(self, job: str, code: str) -> None:
        """The right code may be sent again. A code is void after five wrong ones."""
        self.connection.call(self.stub.SignConfirm, identity.SignConfirmRequest(job=job, code=code), again=True)

    def countersigned(self, job: str) -> str:
        """The JWT of the service, which says whose the address is."""
        return self.connection.call(self.stub.SignUpdate, identity.SignUpdateRequest(job=job), again=True).message.jwt


def part(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def verify(jwt: str, issuer_keys: set[str], pk: str, scope: str, address: str) -> dict[str, Any]:
    """Its claims, if a key of the issuer has signed that the address is this key's, and it still counts."""
    header, payload, signature = jwt.split(".")
    kid, claims = json.loads(part(header))["kid"], json.loads(part(payload))
    if kid not in issuer_keys or (claims["sub"], claims[scope]) != (pk, address) or claims["exp"] < time.time():
        raise NotNow("what was countersigned says something else")
    try:
        Ed25519PublicKey.from_public_bytes(part(kid)).verify(part(signature), f"{header}.{payload}".encode())
    except InvalidSignature:
        raise NotNow("what was countersigned does not verify") from None
    return claims


def bind_identity(connection: Connection, operator: Operator, state_folder: Path, email: str, phone: str) -> str:
    """All of it, with the operator in the place of the person who reads the codes. Returns the name of the key."""
    with Lock(private_folder(state_folder)):
        person = Person(connection, state_folder)
        print(f"identity {person.pk}: {person.register()}")
        person.bind(email, phone)
        for scope, address in (("email", email), ("phone", phone)):
            job = person.open_job(scope, address)
            person.confirm(job, operator.code(address))
            jwt = person.countersigned(job)
            claims = verify(jwt, operator.issuer_keys(), person.pk, scope, address)
            write_durably(state_folder / f"{scope}.jwt", f"{jwt}\n")
            until = time.strftime("%Y-%m-%d", time.gmtime(claims["exp"]))
            print(f"identity {person.pk}: {claims['iss']} says until {until} that it holds {address}")
        return person.pk
