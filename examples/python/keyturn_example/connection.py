"""The channel to the service, and how a call is made: with a deadline, and again only where that is safe."""
from __future__ import annotations

import random
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from keyturn.v1 import (
    device_key_service_pb2_grpc,
    device_secret_service_pb2_grpc,
    identity_binding_service_pb2_grpc,
    iot_device_service_pb2_grpc,
    operator_service_pb2_grpc,
)

from .problems import WrongUse
from .refusals import Refused, Unsure, read_error

FIRST_WAIT, LONGEST_WAIT, LONGEST_TRY = 0.25, 8.0, 10.0  # seconds
LOOPBACK = {"127.0.0.1", "localhost", "[::1]"}


@dataclass(frozen=True)
class Answer:
    message: Any
    replayed: bool
    """Whether it was given before, to the identical request."""


class Connection:
    """To one service. All its calls together end within `timeout` seconds."""

    def __init__(self, server: str, credentials: grpc.ChannelCredentials | None, timeout: float) -> None:
        if re.fullmatch(r"(\[[^]]+\]|[^:]+):\d+", server) is None:
            raise WrongUse(f"{server} is not HOST:PORT")
        local = server.rpartition(":")[0] in LOOPBACK
        # The retries of gRPC know nothing of what is safe here, and a proxy for the web leads to nobody on this machine.
        options = [("grpc.enable_retries", 0), ("grpc.initial_reconnect_backoff_ms", 250),
                   ("grpc.max_reconnect_backoff_ms", 8000), ("grpc.enable_http_proxy", 0 if local else 1)]
        if credentials is None and not local:
            raise WrongUse(f"{server} is not this machine; say --tls, or nobody knows who reads what is sent")
        self.channel = (grpc.insecure_channel(server, options) if credentials is None
                        else grpc.secure_channel(server, credentials, options))
        self.end, self.longest_try = time.monotonic() + timeout, min(LONGEST_TRY, timeout / 3)
        self.device_keys = device_key_service_pb2_grpc.DeviceKeyServiceStub(self.channel)
        self.device_secrets = device_secret_service_pb2_grpc.DeviceSecretServiceStub(self.channel)
        self.identities = identity_binding_service_pb2_grpc.IdentityBindingServiceStub(self.channel)
        self.iot_devices = iot_device_service_pb2_grpc.IotDeviceServiceStub(self.channel)
        self.operator = operator_service_pb2_grpc.OperatorServiceStub(self.channel)

    def call(self, method: grpc.UnaryUnaryMultiCallable, request: Any, *metadata: tuple[str, str],
             again: bool, patient: bool = True) -> Answer:
        """Makes a call.

        again: whether the identical request may be sent again when nobody knows what became of it.
        patient: whether to wait where the service says when to come back; it has done nothing then.
        Raises Refused, or Unsure when there is no certain answer in time.
        """
        wait = FIRST_WAIT
        while True:
            try:
                return self.call_once(method, request, metadata)
            except Refused as refused:
                if not patient or refused.retry_after is None:
                    raise
                trouble: Exception = refused
            except Unsure as unsure:
                if not again:
                    raise
                trouble = unsure
            pause = max(wait * random.uniform(0.5, 1), getattr(trouble, "retry_after", None) or 0)
            if time.monotonic() + pause > self.end:
                raise trouble
            time.sleep(pause)
            wait = min(2 * wait, LONGEST_WAIT)

    def call_once(self, method: grpc.UnaryUnaryMultiCallable, request: Any, metadata: tuple[tuple[str, str], ...]) -> Answer:
        deadline = max(0.01, min(self.longest_try, self.end - time.monotonic()))
        try:
            message, call = method.with_call(request, timeout=deadline, metadata=metadata)
        except grpc.RpcError as error:
            raise read_error(error) from None
        return Answer(message, dict(call.initial_metadata()).get("idempotent-replayed") == "true")


def tls_credentials(ca: Path | None, certificate: Path | None, key: Path | None) -> grpc.ChannelCredentials:
    """For TLS: the authorities to trust (unset: those that gRPC knows), and a client certificate with its key."""
    if (certificate is None) != (key is None):
        raise WrongUse("--cert and --cert-key belong together")
    try:
        read = [path and path.read_bytes() for path in (ca, key, certificate)]
    except OSError as error:
        raise WrongUse(f"{error.filename} cannot be read: {error.strerror}") from None
    return grpc.ssl_channel_credentials(*read)
