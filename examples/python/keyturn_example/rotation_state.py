"""What a device remembers of its keys: rotation.json of docs/rotate.md, which `keyturn rotate` reads and writes, too."""
from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .keys import Key, load_key
from .problems import WrongUse
from .storage import read_json, write_json

VERSION = 1


@dataclass(frozen=True)
class Update:
    """A request that installs `new`, signed by `old`. It is sent as it is, as often as it takes."""
    old: Key
    new: Key
    exp: int
    replacement: bool
    jwt: str
    pop: str


@dataclass
class RotationState:
    file: Path
    device_id: str
    keys: list[Key]
    """In the order of their making; without an open rotation the previous one and the current one."""
    dropped: list[str] = field(default_factory=list)
    pending: Update | None = None

    def find(self, thumbprint: str) -> Key | None:
        return next((key for key in self.keys if key.thumbprint == thumbprint), None)

    def open(self, update: Update) -> None:
        """Makes the new key and the complete update durable. Only after this the update may be sent."""
        for key in (update.old, update.new):
            if self.find(key.thumbprint) is None:
                self.keys.append(key)
        self.pending = update
        self.save()

    def finish(self, update: Update) -> None:
        """Forgets all keys but these two: the service can never again make an older one current."""
        kept = [update.old.thumbprint, update.new.thumbprint]
        self.dropped += [key.thumbprint for key in self.keys if key.thumbprint not in kept]
        self.keys, self.pending = [update.old, update.new], None
        self.save()

    def save(self) -> None:
        update = self.pending
        write_json(self.file, {
            "version": VERSION,
            "device_id": self.device_id,
            "keys": [{"thumbprint": key.thumbprint, "algorithm": key.algorithm, "private_key": key.pem} for key in self.keys],
            "dropped_thumbprints": self.dropped,
            "pending": update and {
                "old_thumbprint": update.old.thumbprint, "new_thumbprint": update.new.thumbprint, "exp": update.exp,
                "replacement": update.replacement, "jwt": update.jwt, "pop": update.pop,
            },
        })


def read_state(file: Path, device_id: str, file_key: Key) -> tuple[RotationState, Key]:
    """The state, and the key to go on with: that of the key file, or the newest one if the key file was set back."""
    stored = read_json(file)
    if stored is None:
        return RotationState(file, device_id, [file_key]), file_key
    try:
        state = parse(file, stored)
    except (KeyError, TypeError):
        raise WrongUse(f"{file} is not a state file of version {VERSION}") from None
    if state.device_id != device_id:
        raise WrongUse(f"{file} is that of another device")
    known = state.find(file_key.thumbprint)
    if known is None and file_key.thumbprint not in state.dropped:
        raise WrongUse(f"{file} does not know the key in the key file; is it another device's?")
    return state, known or state.keys[-1]


def parse(file: Path, stored: dict[str, Any]) -> RotationState:
    if stored["version"] != VERSION or not stored["keys"]:
        raise KeyError
    keys = [load_key(key["private_key"], key["algorithm"]) for key in stored["keys"]]
    state = RotationState(file, stored["device_id"], keys, list(stored["dropped_thumbprints"]))
    pending = stored["pending"]
    if pending is not None:
        old, new = state.find(pending["old_thumbprint"]), state.find(pending["new_thumbprint"])
        if old is None or new is None:
            raise KeyError
        state.pending = Update(old, new, pending["exp"], pending["replacement"], pending["jwt"], pending["pop"])
    return state
