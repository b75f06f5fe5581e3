"""The broker's jars: listed in jars.txt with size and SHA-256, and kept in the cache of this user."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Advance = Callable[[int, int], None]
"""Called with the bytes that came in and the bytes that come in all."""


@dataclass(frozen=True, slots=True)
class Jar:
    """One line of jars.txt."""

    coordinate: str
    size: int
    sha256: str

    @property
    def file(self) -> str:
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"


def fetch(cache: Path, advance: Advance) -> list[Path]:
    """Every jar's path, downloading what the cache lacks. A file stands in the cache only once it is whole."""
    jars = wanted()
    if missing := [jar for jar in jars if not _is_whole(cache / jar.file, jar)]:
        # It brings an HTTP client that takes a second to import, for the first start only.
        from infra.embedded.download import download  # noqa: PLC0415

        download(missing, cache, advance)
    return [cache / jar.file for jar in jars]


def wanted() -> list[Jar]:
    lines = Path(__file__).with_name("jars.txt").read_text().splitlines()
    return [Jar(coordinate, int(size), sha256) for coordinate, size, sha256 in map(str.split, lines)]


def _is_whole(path: Path, jar: Jar) -> bool:
    # Hashing everything would cost a third of a second at each start; what was hashed once is known by its size.
    return path.is_file() and path.stat().st_size == jar.size
