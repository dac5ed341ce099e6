"""Gives a device a new secret, which the service makes; its answer may be lost, the secret is not."""
from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass
from pathlib import Path

from keyturn.v1.device_secret_service_pb2 import DeviceSecretReset, ResetDeviceSecretRequest

from .connection import Answer, Connection
from .problems import WrongUse
from .refusals import Refused
from .storage import Lock, private_folder, read_json, remove_durably, write_durably, write_json


HOPELESS = {"IOTDA_DEVICE_NOT_FOUND", "IOTDA_INPUT_INVALID", "IOTDA_IDEMPOTENCY_CONFLICT"}
"""Refusals of the request as it is, whoever asks and whenever."""


@dataclass(frozen=True)
class Note:
    """A reset that was begun. The service knows it by its idempotency key, and answers it alike for 24 hours."""
    project_id: str
    device_id: str
    slot: str
    disconnect: bool
    idempotency_key: str


@dataclass(frozen=True)
class Reset:
    slot: str
    """`PRIMARY` or `SECONDARY`."""
    secret_file: Path
    replayed: bool
    """Whether the service had done it before, and told its answer again."""
    resumed: bool
    """Whether an earlier run had begun it; what this run was to reset is not."""


def reset_secret(connection: Connection, auth_token: str, project_id: str, device_id: str, state_folder: Path,
                 slot: str = "PRIMARY", disconnect: bool = False) -> Reset:
    """Notes the request durably, sends it, and stores the secret before it drops the note.

    So a run that was killed is finished by the next one. The secret goes to the file `secret.PRIMARY` or
    `secret.SECONDARY` in the state folder.
    """
    with Lock(private_folder(state_folder)):
        file = state_folder / "reset.json"
        begun = read_note(file, device_id)
        note = begun or Note(project_id, device_id, slot, disconnect, str(uuid.uuid4()))
        if begun is None:
            write_json(file, asdict(note))
        try:
            answer = send(connection, auth_token, note)
        except Refused as refused:
            if refused.reason in HOPELESS:
                remove_durably(file)
            raise  # else an earlier try may have been done, and its answer waits under the key of the note
        secret_file = state_folder / f"secret.{answer.message.secret_type}"
        write_durably(secret_file, f"{answer.message.secret}\n")
        remove_durably(file)
        return Reset(answer.message.secret_type, secret_file, answer.replayed, begun is not None)


def read_note(file: Path, device_id: str) -> Note | None:
    stored = read_json(file)
    if stored is None:
        return None
    try:
        note = Note(**stored)
    except TypeError:
        raise WrongUse(f"{file} is not a note of a reset") from None
    if note.device_id != device_id:
        raise WrongUse(f"{file} is that of another device")
    return note


def send(connection: Connection, auth_token: str, note: Note) -> Answer:
    reset = DeviceSecretReset(secret_type=note.slot, force_disconnect=note.disconnect)
    request = ResetDeviceSecretRequest(
        project_id=note.project_id, device_id=note.device_id, action_id="resetSecret", reset=reset)
    metadata = ("x-auth-token", auth_token), ("idempotency-key", note.idempotency_key)
    return connection.call(connection.device_secrets.ResetDeviceSecret, request, *metadata, again=True)
