"""Files that outlive a power cut and that nobody else reads."""
from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import Any

from .problems import NotNow, WrongUse


def sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_durably(path: Path, text: str) -> None:
    """After this a power cut cannot take the text away; before the rename nothing has changed."""
    fresh = path.with_name(f".{path.name}.keyturn-new")
    fresh.unlink(missing_ok=True)  # a run that was killed has left it
    fresh.touch(0o600, exist_ok=False)
    fresh.write_text(text)
    sync(fresh)
    fresh.rename(path)
    sync(path.parent)


def remove_durably(path: Path) -> None:
    path.unlink(missing_ok=True)
    sync(path.parent)


def write_json(path: Path, value: Any) -> None:
    write_durably(path, json.dumps(value, indent=2) + "\n")


def read_private(path: Path) -> str:
    """Raises WrongUse if the file is not there, or if others have any right to it."""
    try:
        if path.stat().st_mode & 0o077:
            raise WrongUse(f"{path} is open to other users; chmod 600 it")
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUse(f"{path} cannot be read: {getattr(error, 'strerror', 'it is not text')}") from None


def read_json(path: Path) -> dict[str, Any] | None:
    """None if there is no such file."""
    if not path.exists():
        return None
    try:
        value = json.loads(read_private(path))
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise WrongUse(f"{path} is not a JSON object")
    return value


def private_folder(path: Path) -> Path:
    """Makes a folder with mode 0700, and those above it, where they are missing."""
    path = path.resolve()
    if not path.exists():
        private_folder(path.parent)
        path.mkdir(0o700)
        sync(path.parent)
    return path


class Lock:
    """Holds a folder for one run. The system frees it when the process ends; `keyturn rotate` knows the same lock."""

    def __init__(self, folder: Path) -> None:
        if folder.stat().st_mode & 0o077:
            raise WrongUse(f"{folder} is open to other users; chmod 700 it")
        self.descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.lockf(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self.descriptor)
            raise NotNow(f"another run is using {folder}") from None

    def __enter__(self) -> Lock:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.descriptor)
