"""Downloads jars by their Maven coordinates, with jgo, many at once, and believes none before its hash is right."""

import hashlib
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import requests
from jgo.maven import MavenContext, PythonResolver

from infra.embedded.jars import Advance, Jar
from infra.settings import Unusable

ATTEMPTS = 3
AT_ONCE = 8


class BrokenError(Exception):
    """A download that is not what the list says."""


def download(jars: list[Jar], cache: Path, advance: Advance) -> None:
    """Bring every jar into the cache. Raises Unusable for one that cannot be had."""
    total = sum(jar.size for jar in jars)

    @contextmanager
    def counted(_name: str, _size: int) -> Iterator[Callable[[int], None]]:
        yield lambda count: advance(count, total)

    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as scratch, ThreadPoolExecutor(AT_ONCE) as threads:
        context = MavenContext(PythonResolver(progress_callback=counted), repo_cache=Path(scratch), timeout=30)
        coming = [threads.submit(bring, context, jar, cache) for jar in jars]
        try:
            for each in coming:
                each.result()
        except Unusable:
            # Where one cannot be had, the others need not be tried.
            threads.shutdown(cancel_futures=True)
            raise


def bring(context: MavenContext, jar: Jar, cache: Path) -> None:
    """Download one jar, again if it comes broken, and move it into the cache."""
    artifact = context.create_dependency(jar.coordinate).artifact
    reason: Exception | None = None
    for attempt in range(ATTEMPTS):
        time.sleep(attempt)
        try:
            found = artifact.resolve()
            if hashlib.sha256(found.read_bytes()).hexdigest() != jar.sha256:
                raise BrokenError("its SHA-256 is not the one expected")  # noqa: TRY301 - one way to try again
            found.replace(cache / jar.file)
        except (BrokenError, requests.RequestException, RuntimeError) as error:
            reason = error
            # jgo believes any file that is there, half of one too.
            shutil.rmtree(context.repo_cache / artifact.component.path_prefix, ignore_errors=True)
        else:
            return
    raise Unusable(
        f"The download of {jar.file} failed {ATTEMPTS} times ({_shown(reason)}): see that this machine reaches the "
        "internet and try again, or name a Kafka of your own with ANNAL_KAFKA_BOOTSTRAP."
    )


def _shown(reason: Exception | None) -> str:
    """What went wrong, in a few words: the library's own are many."""
    return {
        "ConnectionError": "no connection",
        "ConnectTimeout": "no connection in time",
        "ReadTimeout": "no answer in time",
        "ProxyError": "the proxy does not answer",
        "SSLError": "the certificate is not trusted",
        "RuntimeError": "it is not there",
    }.get(type(reason).__name__, str(reason))
