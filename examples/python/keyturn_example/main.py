"""The command line: options, exit codes, and what went wrong in a line or two."""
from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from . import commands
from .connection import Connection, tls_credentials
from .problems import NotNow, WrongUse
from .refusals import Refused, Unsure

Command = Callable[[Connection, argparse.Namespace], None]

EXIT_CODES = """exit codes: 0 done; 1 no certain answer, or not now: run the same again; 2 wrong usage, nothing was sent;
3 refused, and it is printed what to do"""


def seconds(longest: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isdecimal() or not 1 <= int(text) <= longest:
            raise argparse.ArgumentTypeError(f"1 to {longest}, in whole seconds")
        return int(text)
    return parse


def parser_of_all() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="client.py", description="A client of Keyturn over gRPC.", epilog=EXIT_CODES)
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, run: Command, description: str) -> argparse.ArgumentParser:
        sub = subparsers.add_parser(name, help=description, description=description, epilog=EXIT_CODES)
        sub.set_defaults(run=run)
        service = sub.add_argument_group("the service")
        service.add_argument("--server", default="127.0.0.1:50051", metavar="HOST:PORT", help="default: %(default)s")
        service.add_argument("--tls", action="store_true", help="needed unless HOST is this machine")
        service.add_argument("--ca", type=Path, metavar="FILE", help="authorities to trust in place of the usual ones, PEM")
        service.add_argument("--cert", type=Path, metavar="FILE", help="client certificate, PEM")
        service.add_argument("--cert-key", type=Path, metavar="FILE", help="its key, PEM")
        service.add_argument("--timeout", type=seconds(3600), default=60, metavar="SECONDS", help="for all of it; default: %(default)s")
        service.add_argument("--operator-token", type=Path, default=Path("data/operator.token"), metavar="FILE", help="default: %(default)s")
        sub.add_argument("--folder", type=Path, default=Path("data/python_client"), metavar="FOLDER", help="where files go by default; default: %(default)s")
        return sub

    def device_command(name: str, run: Command, description: str) -> argparse.ArgumentParser:
        sub = command(name, run, description)
        sub.add_argument("--device-id", required=True, metavar="ID")
        sub.add_argument("--key", type=Path, metavar="FILE", help="the device's private key, PEM; default: FOLDER/ID.pem")
        sub.add_argument("--state", type=Path, metavar="FOLDER", help="what must survive a crash; default: FOLDER/ID.state")
        return sub

    def takes_algorithm(sub: argparse.ArgumentParser) -> None:
        sub.add_argument("--alg", choices=["ES256", "EdDSA"], help="what the new key is for; the service may take ES256 only")

    command("all", commands.run_all, "Registers a device, runs the three flows below with it, and is refused once.")
    takes_algorithm(device_command("register", commands.run_register, "Makes a key and registers a device with it, by the operator's token."))
    sub = device_command("rotate", commands.run_rotate, "Replaces the key of a device; finishes what a killed run has begun.")
    takes_algorithm(sub)
    sub.add_argument("--exp", type=seconds(86400), default=600, metavar="SECONDS", help="how long a signed update is good for; default: %(default)s")
    sub = device_command("reset_secret", commands.run_reset_secret, "Gives a device a new secret, made by the service.")
    sub.add_argument("--auth-token", type=Path, metavar="FILE", help="a token of an application; default: the operator's")
    sub.add_argument("--project-id", default="default", metavar="ID", help="default: %(default)s")
    sub.add_argument("--slot", choices=["PRIMARY", "SECONDARY"], default="PRIMARY", help="default: %(default)s")
    sub.add_argument("--force-disconnect", action="store_true", help="end the device's open session and tokens, too")
    sub = command("bind_identity", commands.run_bind_identity, "Binds addresses to an Ed25519 key, and has them countersigned.")
    sub.add_argument("--state", type=Path, required=True, metavar="FOLDER", help="the key and what is signed; one for each person")
    sub.add_argument("--email", required=True, metavar="ADDRESS")
    sub.add_argument("--phone", required=True, metavar="NUMBER", help="such as +15550001234")
    return parser


def main() -> int:
    """Runs a command; returns the exit code."""
    options = parser_of_all().parse_args()
    if getattr(options, "device_id", None) is not None:
        options.key = options.key or options.folder / f"{options.device_id}.pem"
        options.state = options.state or options.folder / f"{options.device_id}.state"
    try:
        credentials = tls_credentials(options.ca, options.cert, options.cert_key) if options.tls else None
        options.run(Connection(options.server, credentials, options.timeout), options)
        return 0
    except WrongUse as problem:
        return ended(2, problem)
    except Refused as refused:
        return ended(3 if refused.retry_after is None else 1, refused)
    except Unsure as unsure:
        return ended(1, f"no certain answer from {options.server}: {unsure}; run the same again")
    except NotNow as problem:
        return ended(1, f"{problem}; run the same again")
    except OSError as problem:  # a fault of this machine, such as a full disk
        return ended(1, f"{problem.filename or 'this machine'}: {problem.strerror or problem}")
    except KeyboardInterrupt:
        return ended(1, "interrupted; run the same again")


def ended(code: int, why: object) -> int:
    print(why, file=sys.stderr)
    return code
