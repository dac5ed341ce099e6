"""Replaces the key of a device: the state machine of docs/rotate.md over gRPC. Kill it at any line and run it again."""
from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, replace
from pathlib import Path

from keyturn.v1.device_key_service_pb2 import UpdatePublicKeyRequest

from .connection import Connection
from .keys import ALGORITHMS, Key, load_key, new_key
from .problems import NotNow
from .refusals import Refused
from .rotation_state import RotationState, Update, read_state
from .storage import Lock, private_folder, read_private, write_durably

WRONG_KEY = "DEVICE_UNAUTHENTICATED"
ANOTHER_KEY_HELPS = {"PUBLIC_KEY_INVALID", "PUBLIC_KEY_REUSED"}
CURRENT_KEY = {"PUBLIC_KEY_INVALID", "DEVICE_FROZEN", "KEY_UPDATES_NOT_ALLOWED", "ROTATION_RATE_LIMITED"}
"""What the service says to a probe of the current key: it looks at the JWT first."""


@dataclass(frozen=True)
class Rotated:
    key: Key
    resumed: bool
    """Whether an earlier run had begun it."""


class Rotation:
    def __init__(self, connection: Connection, device_id: str, key_file: Path, state: RotationState, file_key: Key, exp: int):
        self.connection, self.device_id, self.key_file, self.exp = connection, device_id, key_file, exp
        self.state, self.file_key = state, file_key

    def run(self, algorithm: str | None) -> Rotated:
        begun = self.state.pending
        update = begun or self.open(self.file_key, new_key(algorithm or self.file_key.algorithm))
        # Each new key is kept, so that there is one other key for a refused one, and that only in another run.
        may_replace = begun is not None and not (begun.replacement and begun.new.algorithm == (algorithm or begun.old.algorithm))
        resumed, signed = begun is not None, 0
        while True:
            try:
                self.ask(update.jwt, update.pop)
                return self.finish(update, resumed)
            except Refused as refused:
                if refused.reason == WRONG_KEY:
                    current = self.find_current(update)
                    if current is None:
                        raise  # the service has no key of this device
                    if current.thumbprint == update.new.thumbprint:
                        return self.finish(update, resumed)
                    if signed == 3:
                        raise NotNow("the service knows the key but takes no JWT of it; is the clock right?") from None
                    signed += 1
                    update = self.open(current, update.new, update.replacement)  # the same new key, a new JWT
                elif refused.reason in ANOTHER_KEY_HELPS and may_replace:
                    may_replace = False
                    update = self.open(update.old, new_key(algorithm or update.old.algorithm), True)
                else:
                    raise

    def open(self, old: Key, new: Key, replacement: bool = False) -> Update:
        exp = int(time.time()) + self.exp
        jwt = old.jwt(self.device_id, {**self.claims(), "public_key": new.public_pem, "exp": exp})
        update = Update(old, new, exp, replacement, jwt, new.proof(jwt))
        self.state.open(update)
        return update

    def claims(self) -> dict[str, str]:
        return {"sub": self.device_id, "jti": secrets.token_hex(16)}

    def ask(self, jwt: str, pop: str, patient: bool = True) -> None:
        """Sends the identical request until the answer is certain."""
        request, method = UpdatePublicKeyRequest(pop=pop), self.connection.device_keys.UpdatePublicKey
        self.connection.call(method, request, ("authorization", jwt), again=True, patient=patient)

    def finish(self, update: Update, resumed: bool) -> Rotated:
        write_durably(self.key_file, update.new.pem)
        self.state.finish(update)
        return Rotated(update.new, resumed)

    def find_current(self, update: Update) -> Key | None:
        """The old key is probed first: an update still under way can make the new one current, never the old one."""
        first = {key.thumbprint: key for key in (update.old, update.new)}
        for key in [*first.values(), *(key for key in reversed(self.state.keys) if key.thumbprint not in first)]:
            for algorithm in ALGORITHMS[key.kind]:
                if self.is_current(replace(key, algorithm=algorithm)):
                    return replace(key, algorithm=algorithm)
        return None

    def is_current(self, key: Key) -> bool:
        """By a request that can never change anything."""
        jwt = key.jwt(self.device_id, {**self.claims(), "public_key": "none"})
        try:
            self.ask(jwt, "none", patient=False)
        except Refused as refused:
            if refused.reason in CURRENT_KEY:
                return True
            if refused.reason == WRONG_KEY:
                return False
            raise
        raise NotNow("a probe was answered as an update; what answers is not Keyturn")


def rotate(connection: Connection, device_id: str, key_file: Path, state_folder: Path,
           algorithm: str | None = None, exp: int = 600) -> Rotated:
    """Rotates once, or finishes what an earlier run has begun, and then begins anew only for another `algorithm`."""
    with Lock(private_folder(state_folder)):
        while True:
            file_key = load_key(read_private(key_file))
            state, key = read_state(state_folder / "rotation.json", device_id, file_key)
            write_durably(key_file, file_key.pem)  # what fails now would fail when it is too late
            rotated = Rotation(connection, device_id, key_file, state, key, exp).run(algorithm)
            if not rotated.resumed or algorithm in (None, rotated.key.algorithm):
                return rotated
