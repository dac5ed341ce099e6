"""What only the operator of the service may ask for: devices, and the codes that no mail server takes."""
from __future__ import annotations

import re
from pathlib import Path

from keyturn.v1 import operator_service_pb2 as operator
from keyturn.v1.device_pb2 import Device, DeviceKey
from keyturn.v1.identity_pb2 import Identity

from .connection import Connection
from .keys import Key, load_key, new_key
from .problems import NotNow
from .refusals import Refused
from .storage import private_folder, read_private, write_durably


class Operator:
    """token_file: the operator's token, which `npm start` keeps in data/operator.token."""

    def __init__(self, connection: Connection, token_file: Path) -> None:
        self.connection, self.stub = connection, connection.operator
        self.token = read_private(token_file).strip()
        self.bearer = ("authorization", f"Bearer {self.token}")

    def register(self, device_id: str, key: Key) -> Device:
        """Registers a device with its key. A run whose answer was lost may be repeated: the same key is no refusal."""
        request = operator.CreateDeviceRequest(device_id=device_id, public_key=key.public_pem)
        try:
            return self.connection.call(self.stub.CreateDevice, request, self.bearer, again=True).message.device
        except Refused as refused:
            if refused.reason != "DEVICE_EXISTS":
                raise
            device = self.device(device_id)
            if device.key_thumbprint != key.thumbprint:
                raise
            return device

    def device(self, device_id: str) -> Device:
        request = operator.GetDeviceRequest(device_id=device_id)
        return self.connection.call(self.stub.GetDevice, request, self.bearer, again=True).message.device

    def keys(self, device_id: str) -> list[DeviceKey]:
        """The newest ones, newest first."""
        request = operator.ListDeviceKeysRequest(device_id=device_id)
        return list(self.connection.call(self.stub.ListDeviceKeys, request, self.bearer, again=True).message.keys)

    def freeze(self, device_id: str) -> None:
        request = operator.OperatorServiceFreezeDeviceRequest(device_id=device_id)
        self.connection.call(self.stub.FreezeDevice, request, self.bearer, again=True)

    def unfreeze(self, device_id: str) -> None:
        request = operator.OperatorServiceUnfreezeDeviceRequest(device_id=device_id)
        self.connection.call(self.stub.UnfreezeDevice, request, self.bearer, again=True)

    def identity(self, pk: str) -> Identity:
        request = operator.GetIdentityRequest(pk=pk)
        return self.connection.call(self.stub.GetIdentity, request, self.bearer, again=True).message.identity

    def issuer_keys(self) -> set[str]:
        """The keys that countersign, or did and still count."""
        answer = self.connection.call(self.stub.ListIssuerKeys, operator.ListIssuerKeysRequest(), self.bearer, again=True)
        return {key.public_key for key in answer.message.issuer_keys if not key.test}

    def code(self, recipient: str) -> str:
        """The code of the newest message to an address, which people read in their mail."""
        request = operator.ListMessagesRequest(recipient=recipient, page_size=1)
        for message in self.connection.call(self.stub.ListMessages, request, self.bearer, again=True).message.messages:
            found = re.search(r"\b\d{6}\b", message.body)
            if found is not None:
                return found.group()
        raise NotNow(f"the message to {recipient} does not show its code; the service has a sender, so read it there")


def key_of_device(key_file: Path, algorithm: str) -> Key:
    """Makes the first key of a device, once."""
    if not key_file.exists():
        private_folder(key_file.parent)
        write_durably(key_file, new_key(algorithm).pem)
    return load_key(read_private(key_file))
