"""How deep JSON nests: told from its bytes, before anything that recurses reads it."""

from itertools import accumulate
from typing import Final

from schemas.problems import Problem

DEEPEST: Final = 64
"""Objects and arrays in one another; rules allow less. orjson reads 1024 levels and writes 254."""

_STEPS = bytes.maketrans(b"{[}]", b"\x01\x01\xff\xff")
"""An opening bracket is a step down, a closing one a step up: 1 and -1 as signed bytes."""

_REST = bytes(sorted(set(range(256)) - set(b"{[}]")))


def require_shallow(body: bytes) -> None:
    """Raise Problem when JSON nests too deep; what is no JSON at all is for its reader to refuse."""
    # Most bodies have too few brackets to be deep: counting them takes a quarter of a microsecond.
    if body.count(b"{") + body.count(b"[") > DEEPEST and depth(body) > DEEPEST:
        errors = [{"pointer": "#", "detail": f"Nest objects and arrays at most {DEEPEST} levels deep"}]
        raise Problem("body_invalid", f"#: {errors[0]['detail']}.", errors=errors)


def depth(body: bytes) -> int:
    """Count the levels of objects and arrays that stand in one another."""
    # Without its escapes, every second part between quotes is a string, and brackets in it are text.
    outside = b"".join(body.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')[::2])
    return max(accumulate(memoryview(outside.translate(_STEPS, _REST)).cast("b")), default=0)
