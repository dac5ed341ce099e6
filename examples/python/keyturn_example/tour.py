"""All flows, one after the other, with a new device and a new person, and how a refusal is read."""
from __future__ import annotations

import secrets
from pathlib import Path

from keyturn.v1.device_pb2 import DeviceKeyState

from .bind_identity import bind_identity
from .connection import Connection
from .operator_calls import Operator, key_of_device
from .refusals import Refused
from .reset_secret import reset_secret
from .rotate import rotate


def tour(connection: Connection, operator: Operator, folder: Path, name: str) -> None:
    key_file, state = folder / f"{name}.pem", folder / f"{name}.state"
    registered = operator.register(name, key_of_device(key_file, "ES256"))
    print(f"{name} is registered with the key {registered.key_thumbprint}")

    rotated = rotate(connection, name, key_file, state)
    print(f"{name} has the new key {rotated.key.thumbprint}")
    show_keys(operator, name)

    operator.freeze(name)
    print(f"{name} is frozen, and tries to replace its key:")
    try:
        rotate(connection, name, key_file, state)
    except Refused as refused:
        print("  " + str(refused).replace("\n", "\n  "))
    operator.unfreeze(name)
    rotated = rotate(connection, name, key_file, state)
    print(f"{name} is unfrozen, and has the new key {rotated.key.thumbprint}")
    show_keys(operator, name)

    reset = reset_secret(connection, operator.token, "default", name, state)
    print(f"{name} has the {reset.slot} secret that is in {reset.secret_file}")

    phone = f"+1555{secrets.randbelow(10**7):07}"
    bind_identity(connection, operator, folder / f"{name}.identity", f"{name}@example.com", phone)


def show_keys(operator: Operator, device_id: str) -> None:
    """As the operator sees them, the newest first."""
    for key in operator.keys(device_id):
        print(f"  {key.thumbprint} {DeviceKeyState.Name(key.state).removeprefix('DEVICE_KEY_STATE_')}")
