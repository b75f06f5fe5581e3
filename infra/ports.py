"""Which ports the servers take: those of last time if they are free, so that addresses noted once stay right."""

import atexit
import json
import random
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from infra.settings import Settings, Unusable

# Below the range from which the kernel picks the ports of outgoing connections: what is free now is free in a second.
LOWEST, HIGHEST = 20_000, 32_000

_claims: dict[int, socket.socket] = {}


def choose(data_dir: Path, names: Mapping[str, int | None]) -> dict[str, int]:
    """A free port for each name: last time's, else the one it would like, else any."""
    path = data_dir / "ports.json"
    last = _last(path)
    chosen: dict[str, int] = {}
    for name, liked in names.items():
        candidates = (port for port in _candidates(last.get(name), liked) if port not in chosen.values())
        chosen[name] = next(filter(_claim, candidates))
    path.write_text(json.dumps(chosen))
    return chosen


def _last(path: Path) -> dict[str, int]:
    """The ports of last time; none is known if the file was never written, or only half."""
    try:
        found: dict[str, int] = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return found


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((host, port))
        except OSError:
            return False
    return True


def free_near(port: int) -> int:
    """This port if it is free, else any that nobody was given yet; any such for 0."""
    return next(filter(_claim, (each for each in _candidates(port or None) if each == port or each not in _claims)))


def refuse_busy(settings: Settings) -> None:
    """Raise Unusable if somebody else listens where the doors shall."""
    if not is_free(settings.port, settings.host):
        raise Unusable(
            f"Port {settings.port} of {settings.host} is in use: stop what listens there, or set ANNAL_PORT to another."
        )


def answers(port: int) -> bool:
    """Whether somebody listens there."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _claim(port: int) -> bool:
    """Agree with every other Annal on this machine that a port is ours, long before a server of ours listens there.

    The claim is a name that only one socket can have; the kernel gives it back when this process ends.
    """
    if port in _claims or sys.platform != "linux":
        return True
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(f"\0annal-port-{port}")
    except OSError:
        claim.close()
        return False
    _claims[port] = claim
    atexit.register(claim.close)
    return True


def _candidates(*first: int | None) -> list[int]:
    anywhere = random.sample(range(LOWEST, HIGHEST), 50)
    return [port for port in (*first, *anywhere) if port is not None and is_free(port)]
