"""What each command of the command line does, and what it prints."""
from __future__ import annotations

import argparse
import secrets

from .bind_identity import bind_identity
from .connection import Connection
from .operator_calls import Operator, key_of_device
from .reset_secret import reset_secret
from .rotate import rotate
from .storage import read_private
from .tour import tour


def run_register(connection: Connection, options: argparse.Namespace) -> None:
    key = key_of_device(options.key, options.alg or "ES256")
    Operator(connection, options.operator_token).register(options.device_id, key)
    print(f"{options.device_id} is registered with the key {key.thumbprint}")


def run_rotate(connection: Connection, options: argparse.Namespace) -> None:
    rotated = rotate(connection, options.device_id, options.key, options.state, options.alg, options.exp)
    resumed = ", as an earlier run had begun" if rotated.resumed else ""
    print(f"{options.device_id} has the new key {rotated.key.thumbprint}{resumed}")


def run_reset_secret(connection: Connection, options: argparse.Namespace) -> None:
    token = read_private(options.auth_token or options.operator_token).strip()
    reset = reset_secret(connection, token, options.project_id, options.device_id, options.state, options.slot, options.force_disconnect)
    resumed = ", as an earlier run had begun" if reset.resumed else ""
    replayed = ", and had it before" if reset.replayed else ""
    print(f"{options.device_id} has the {reset.slot} secret that is in {reset.secret_file}{resumed}{replayed}")


def run_bind_identity(connection: Connection, options: argparse.Namespace) -> None:
    bind_identity(connection, Operator(connection, options.operator_token), options.state, options.email, options.phone)


def run_all(connection: Connection, options: argparse.Namespace) -> None:
    tour(connection, Operator(connection, options.operator_token), options.folder, f"python-{secrets.token_hex(4)}")
