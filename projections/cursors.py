"""Cursors of lists: where the last page ended, signed, so that a page can only follow one that was given out."""

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from typing import Any

import orjson

from infra.settings import Settings
from schemas.problems import Problem

_MAC_BYTES = 32


class Cursors:
    """Writes and reads cursors. `scope` is all that the page depends on; a cursor is good for the same scope only."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def write(self, scope: Any, last: list[Any]) -> str:
        said = orjson.dumps(last)
        return base64.urlsafe_b64encode(self._mac(scope, said) + said).decode().rstrip("=")

    def read(self, scope: Any, cursor: str) -> list[Any]:
        """Give what `write` was given. Raises Problem for anything it did not write."""
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        if base64.urlsafe_b64encode(raw).decode().rstrip("=") != cursor:
            raw = b""  # It is spelt in another way than any that was given out.
        mac, said = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(scope, said)):
            raise Problem(
                "cursor_invalid", "Take the cursor from `next` of the page before, with the same filters and sort."
            )
        last: list[Any] = orjson.loads(said)
        return last

    def _mac(self, scope: Any, said: bytes) -> bytes:
        return hmac.digest(self._secret, orjson.dumps(scope) + b"\n" + said, hashlib.sha256)


def secret(settings: Settings) -> bytes:
    """Give the secret that the settings name, else the one in the data directory, made when it is first needed."""
    if settings.cursor_secret is not None:
        return settings.cursor_secret.get_secret_value().encode()
    path = settings.data_dir / "cursor_secret"
    if not path.exists():
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        made = path.with_name(f"cursor_secret.{os.getpid()}")
        made.touch(mode=0o600)
        made.write_text(secrets.token_hex(32))
        with suppress(FileExistsError):  # Another door was faster.
            os.link(made, path)
        made.unlink()
    return path.read_bytes()
