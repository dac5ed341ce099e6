"""What the service says when it refuses: the google.rpc details of a gRPC error, and what to do about it."""
from __future__ import annotations

from dataclasses import dataclass

import grpc
from google.rpc import error_details_pb2, status_pb2

DOMAIN = "keyturn"

# After these nobody knows what became of the call, whatever details they carry.
UNSURE = {
    grpc.StatusCode.ABORTED, grpc.StatusCode.CANCELLED, grpc.StatusCode.DATA_LOSS, grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.INTERNAL, grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNKNOWN,
}

# By reason of proto/keyturn/v1/error_reason.proto. The service adds reasons; a client has to do without advice then.
ADVICE = {
    "DEVICE_UNAUTHENTICATED": "no key here is current, or the JWT is spent or has expired; is the device registered?",
    "DEVICE_FROZEN": "nothing is lost; ask the operator to unfreeze the device, then run again",
    "KEY_UPDATES_NOT_ALLOWED": "ask the operator to let this device update its key",
    "PUBLIC_KEY_INVALID": "the service does not take this kind of key; ask which it takes, and give that as --alg",
    "PUBLIC_KEY_REUSED": "a device has or had this key; run again, which makes another one",
    "ROTATION_RATE_LIMITED": "wait, then run again",
    "DEVICE_EXISTS": "take another device id, or rotate the key that the device has",
    "PUBLIC_KEY_EXISTS": "make another key; no key is accepted twice",
    "UNAUTHENTICATED": "the operator's token is wrong; name the right file by --operator-token",
    "IOTDA_UNAUTHENTICATED": "the token is wrong or has expired; get another one and name its file by --auth-token",
    "IOTDA_PERMISSION_DENIED": "this token may not do that in this project; ask who runs the service",
    "IOTDA_DEVICE_NOT_FOUND": "look up the device id and the project; register the device first",
    "IOTDA_IDEMPOTENCY_CONFLICT": "the idempotency key belongs to another request; make a new one",
    "AUTHENTIQ_AUTH_ERROR": "the code or the JWT is not accepted; is the clock right? Run again for another code",
    "AUTHENTIQ_DUPLICATE_HASH": "another key holds this address; revoke that key first",
    "AUTHENTIQ_REVOKED_KEY": "a revoked key never comes back; begin with another --state folder",
    "AUTHENTIQ_RATE_LIMIT": "too many codes went to this address; wait, then run again",
}


@dataclass
class Refused(Exception):
    """The service has refused a call, and done nothing."""
    code: grpc.StatusCode
    sentence: str
    reason: str
    """A reason of error_reason.proto, from google.rpc.ErrorInfo."""
    fields: list[tuple[str, str]]
    """Fields at fault and what they should hold, from google.rpc.BadRequest."""
    retry_after: float | None
    """In how many seconds to come back, if that is all there is to do."""

    def __str__(self) -> str:
        lines = [f"refused: {self.reason}: {self.sentence}"]
        lines += [f"  {field}: {expected}" for field, expected in self.fields]
        if self.retry_after is not None:
            lines.append(f"  the service says to come back in {self.retry_after:g} s")
        if self.reason in ADVICE:
            lines.append(f"  what to do: {ADVICE[self.reason]}")
        return "\n".join(lines)


class Unsure(Exception):
    """Nobody knows whether the call took effect, for its answer did not come, or not from the service."""


def read_error(error: grpc.RpcError) -> Refused | Unsure:
    """A refusal only if the details name a reason of Keyturn; a proxy has statuses of its own, which mean nothing."""
    trailers = {key: value for key, value in error.trailing_metadata() or ()}
    info, fields = error_details_pb2.ErrorInfo(), []
    try:
        status = status_pb2.Status.FromString(trailers.get("grpc-status-details-bin", b""))
        for detail in status.details:
            bad = error_details_pb2.BadRequest()
            if detail.Unpack(bad):
                fields = [(violation.field, violation.description) for violation in bad.field_violations]
            detail.Unpack(info)
    except ValueError:  # DecodeError is one
        pass
    if info.domain != DOMAIN or error.code() in UNSURE:
        return Unsure(f"{error.code().name} {info.reason or error.details()}".rstrip())
    after = trailers.get("retry-after", "")
    return Refused(error.code(), error.details(), info.reason, fields, float(after) if after.isdecimal() else None)
