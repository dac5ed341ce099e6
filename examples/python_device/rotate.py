#!/usr/bin/env python3
"""Replaces the key of a device, ES256 only. Written from docs/rotate.md alone; words in quotes are its sections.

    python3 rotate.py --url https://keyturn.example.com --device-id pump-7 --key pump-7.pem --state pump-7.state

Needs Python 3.9 and openssl; SSL_CERT_FILE may name the authorities to trust. May be killed at any time: run it again.
"""
import argparse
import base64
import email.utils
import fcntl
import hashlib
import http.client
import json
import os
import random
import secrets
import signal
import subprocess
import sys
import time
import urllib.parse
from pathlib import Path

P256 = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")  # how the DER of every P-256 key begins


def stop(code, reason):  # the codes of "The command"
    print(reason, file=sys.stderr)
    sys.exit(code)


# "Words" and the table of keys in "What is sent". A key is an entry of `keys` in the state file.
def openssl(*arguments, data="", inherit=()):
    """The private key comes on standard input or in a pipe, so that it lies in no other file."""
    command = ["openssl", *arguments]
    return subprocess.run(command, input=data.encode(), pass_fds=inherit, capture_output=True, check=True).stdout


def public_pem(private_key):  # in one line
    return openssl("pkey", "-pubout", data=private_key).decode().replace("\n", "")


def as_key(private_key):
    der = base64.b64decode(public_pem(private_key)[26:-24])
    if "-----BEGIN PRIVATE KEY-----" not in private_key or not der.startswith(P256):
        stop(2, "a key is not P-256 in unencrypted PKCS#8")
    return {"thumbprint": hashlib.sha256(der).hexdigest(), "algorithm": "ES256", "private_key": private_key}


def new_key():
    return as_key(openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256").decode())


def sign(key, text):
    """ECDSA with SHA-256, as DER."""
    readable, writable = os.pipe()
    os.write(writable, key["private_key"].encode())
    os.close(writable)
    with open(readable, "rb"):
        return openssl("dgst", "-sha256", "-sign", f"/dev/fd/{readable}", data=text, inherit=[readable])


def signed_jwt(device_id, key, **payload):
    def part(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    header = {"alg": "ES256", "typ": "JWT", "kid": device_id}
    payload = {"sub": device_id, "jti": secrets.token_hex(16), **payload}
    text = ".".join(part(json.dumps(member, separators=(",", ":")).encode()) for member in (header, payload))
    der = sign(key, text)  # 30 LENGTH, 02 LENGTH r, 02 LENGTH s
    end = 4 + der[3]
    return text + "." + part(b"".join(number[-32:].rjust(32, b"\0") for number in (der[4:end], der[end + 2:])))


# "Reading the answer".
def verdict_of(status, body):
    try:
        answer = json.loads(body)
        if status == 200:
            return "updated" if answer["Success"] == "Public key updated" else "doubt"
        refusal = {400: "malformed", 401: "unauthorized", 403: "forbidden", 429: "limited"}[status]
        return refusal if answer["error"]["code"] == status else "doubt"
    except (ValueError, LookupError, TypeError, RecursionError):
        return "doubt"


def seconds_of(date):
    """A date of HTTP as seconds since 1970; 0 if it is none."""
    try:
        return email.utils.parsedate_to_datetime(date).timestamp()
    except (TypeError, ValueError):
        return 0


def expire(*_):
    raise TimeoutError


class Service:
    def __init__(self, url, timeout):
        self.url, self.ahead = urllib.parse.urlsplit(url), 0  # by how many seconds its clock is ahead of ours
        self.path = self.url.path.rstrip("/") + "/device/update/pubkey"
        if self.url.scheme != "https" and self.url.hostname not in ("127.0.0.1", "::1", "localhost"):
            stop(2, "--url must be https://, or http:// to this machine")
        self.deadline, self.longest_try = time.monotonic() + timeout, min(10, timeout / 3)
        signal.signal(signal.SIGALRM, expire)

    def settle(self, jwt, pop, unsettled):
        """Sends the identical request until its verdict is not one of the unsettled ones."""
        wait = 0.25
        while True:
            verdict, retry_after = self.send(jwt, pop)
            if verdict not in unsettled:
                return verdict
            pause = max(wait * random.uniform(0.5, 1), retry_after)
            if time.monotonic() + pause > self.deadline:
                stop(1, f"no certain answer in time, the last one was: {verdict}; run again")
            time.sleep(pause)
            wait = min(2 * wait, 8)

    def send(self, jwt, pop):
        """The verdict, and Retry-After in seconds. The alarm ends a try in whatever step it is."""
        kind = http.client.HTTPSConnection if self.url.scheme == "https" else http.client.HTTPConnection
        web = kind(self.url.hostname, self.url.port)
        try:
            signal.setitimer(signal.ITIMER_REAL, max(0.01, min(self.longest_try, self.deadline - time.monotonic())))
            try:
                headers = {"Authorization": jwt, "Content-Type": "application/json"}
                web.request("POST", self.path, json.dumps({"pop": pop}), headers)
                answer = web.getresponse()
                verdict = verdict_of(answer.status, answer.read(16384))
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
                web.close()
        except (OSError, http.client.HTTPException):  # also TimeoutError and the faults of TLS
            return "doubt", 0
        date, after = seconds_of(answer.getheader("Date")) or time.time(), answer.getheader("Retry-After", "0")
        if verdict != "doubt":
            self.ahead = max(0, date - time.time())
        return verdict, int(after[:9]) if after.isdecimal() else seconds_of(after) - date


# "What is stored".
def fsync(path):
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def write_durably(path, text):
    fresh = path.with_name(f".{path.name}.keyturn-new")
    fresh.unlink(missing_ok=True)  # there is one if a run was killed here
    fresh.touch(0o600, exist_ok=False)
    fresh.write_text(text)
    fsync(fresh)
    fresh.rename(path)
    fsync(path.parent)


# "The state machine", function by function.
class Rotation:
    def __init__(self, options):  # nothing is sent here
        self.device_id, self.exp, self.service = options.device_id, options.exp, Service(options.url, options.timeout)
        folder = Path(options.state).resolve()
        self.key_file, self.state_file = Path(options.key).resolve(), folder / "rotation.json"
        folder.mkdir(0o700, exist_ok=True)
        fsync(folder.parent)
        for private in (folder, self.key_file):
            if private.stat().st_mode & 0o077:
                stop(2, f"{private} is open to other users")
        self.lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)  # stays open, and locked, to the very end
        fcntl.lockf(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self.file_key = as_key(self.key_file.read_text())
        none_yet = {"device_id": self.device_id, "keys": [self.file_key], "dropped_thumbprints": [], "pending": None}
        self.state = json.loads(self.state_file.read_text()) if self.state_file.exists() else {"version": 1, **none_yet}
        if (self.state["version"], self.state["device_id"]) != (1, self.device_id):
            stop(2, "the state folder is that of another device or version")
        known = [as_key(key["private_key"])["thumbprint"] for key in self.state["keys"]]
        if self.file_key["thumbprint"] not in known + self.state["dropped_thumbprints"]:
            stop(2, "the state folder does not know the key in the key file; is it another device's?")
        write_durably(self.key_file, self.file_key["private_key"])  # what fails now would fail when it is too late

    def run(self):
        resumed = self.state["pending"] is not None
        if not resumed:
            self.open(self.key(self.file_key["thumbprint"]) or self.state["keys"][-1], new_key(), False)
        replaced, signed = not resumed, 0
        while True:
            pending = self.state["pending"]
            old, new = self.key(pending["old_thumbprint"]), self.key(pending["new_thumbprint"])
            verdict = self.service.settle(pending["jwt"], pending["pop"], ["doubt", "limited"])
            current = self.find_current(old, new) if verdict == "unauthorized" else None
            if verdict == "updated" or current is new:
                return self.finish(old, new)
            if verdict == "unauthorized":
                if current is None:
                    stop(3, "the service has no key of this device")
                if signed == 3:
                    stop(1, "the service knows the key but takes no update; are the clocks right? Run again")
                signed += 1
                self.open(current, new, pending["replacement"])  # the same new key, a new JWT
            elif replaced or pending["replacement"]:
                stop(3, f"the service refused the update: {verdict}")
            else:
                replaced = True
                self.open(old, new_key(), True)  # once, another new key

    def key(self, thumbprint):
        return next((key for key in self.state["keys"] if key["thumbprint"] == thumbprint), None)

    def open(self, old, new, replacement):
        """Stores the new key with the complete update; only then may it be sent."""
        expires = int(time.time() + self.service.ahead) + self.exp
        jwt = signed_jwt(self.device_id, old, public_key=public_pem(new["private_key"]), exp=expires)
        self.state["keys"] += [key for key in (old, new) if key not in self.state["keys"]]
        self.state["pending"] = {
            "old_thumbprint": old["thumbprint"], "new_thumbprint": new["thumbprint"], "exp": expires,
            "replacement": replacement, "jwt": jwt, "pop": base64.b64encode(sign(new, jwt)).decode(),
        }
        write_durably(self.state_file, json.dumps(self.state, indent=2))

    def finish(self, old, new):
        write_durably(self.key_file, new["private_key"])
        self.state["dropped_thumbprints"] += [k["thumbprint"] for k in self.state["keys"] if k not in (old, new)]
        self.state["keys"], self.state["pending"] = [old, new], None
        write_durably(self.state_file, json.dumps(self.state, indent=2))

    def find_current(self, old, new):
        """The old key first: an update still under way can make the new one current, never the old one."""
        for key in [old, new, *(key for key in reversed(self.state["keys"]) if key not in (old, new))]:
            probe = signed_jwt(self.device_id, key, public_key="none")
            if self.service.settle(probe, "none", ["doubt", "updated"]) != "unauthorized":
                return key
        return None


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Replaces the key of a device.")
    for name in ("--url", "--device-id", "--key", "--state"):
        parser.add_argument(name, required=True)
    parser.add_argument("--exp", type=int, default=600, help="how many seconds a signed update is good for")
    parser.add_argument("--timeout", type=int, default=60, help="how many seconds to go on trying")
    try:
        rotation = Rotation(parser.parse_args())
    except BlockingIOError:
        stop(1, "another run holds the state folder")
    except (OSError, ValueError, LookupError, TypeError, subprocess.CalledProcessError) as fault:
        stop(2, f"a file cannot be used: {fault}")
    rotation.run()  # what cannot be written now is a fault of this machine, exit code 1
