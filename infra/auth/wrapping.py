"""Wraps keys under master keys, so that whoever has only the database has none of them."""

import hashlib
import os
import re
import secrets
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from infra.settings import Settings, Unusable

ID_BYTES = 4
NONCE_BYTES = 12
_HEX = re.compile(r"[0-9a-fA-F]{64}")


class MasterKeys:
    """Wraps with AES-256-GCM: the first of the keys wraps, all unwrap.

    What is wrapped is the id of the master key (4 bytes), a random nonce (12) and the sealed secret. The name of its
    row goes into the seal, so that it means nothing in another row.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._ciphers = {_id(key): AESGCM(key) for key in keys}
        self.first = _id(keys[0])

    def wrap(self, name: str, secret: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return self.first + nonce + self._ciphers[self.first].encrypt(nonce, secret, name.encode())

    def unwrap(self, name: str, wrapped: bytes) -> bytes:
        """Give what was wrapped for this name. Raises Unusable."""
        cipher = self._ciphers.get(wrapped[:ID_BYTES])
        if cipher is None:
            raise Unusable(
                "The vault was wrapped with another master key: name that one in ANNAL_MASTER_KEY too, after the one "
                "in use, or put back the file master_key of the data directory."
            )
        nonce, sealed = wrapped[ID_BYTES:][:NONCE_BYTES], wrapped[ID_BYTES + NONCE_BYTES :]
        try:
            return cipher.decrypt(nonce, sealed, name.encode())
        except InvalidTag as error:
            raise Unusable("A row of the vault was changed by somebody else: restore it from a backup.") from error


def master_keys(settings: Settings) -> MasterKeys:
    """Give the keys that the settings name, else the one in the data directory, made when it is first needed.

    Raises Unusable for what is no key.
    """
    named = settings.master_key
    words = (named.get_secret_value() if named is not None else _kept(settings.data_dir)).split(",")
    keys = [word.strip() for word in words]
    if not all(_HEX.fullmatch(key) for key in keys):
        place = "ANNAL_MASTER_KEY" if named is not None else f"The file master_key in {settings.data_dir}"
        raise Unusable(
            f"{place} cannot be used: a master key is 64 hexadecimal digits, such as `openssl rand -hex 32` writes; "
            "put commas between several."
        )
    return MasterKeys([bytes.fromhex(key) for key in keys])


def _kept(data_dir: Path) -> str:
    path = data_dir / "master_key"
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        made = path.with_name(f"master_key.{os.getpid()}")
        made.touch(mode=0o600)
        with made.open("w") as file:
            file.write(secrets.token_hex(32))
            # Nothing that it wrapped can be read without it, so it is on the disk before it wraps.
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # Another process was faster.
            os.link(made, path)
        made.unlink()
    return path.read_text()


def _id(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()[:ID_BYTES]
