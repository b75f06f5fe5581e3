"""Downloads: what comes broken is fetched again, and what cannot be had is one sentence."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from jgo.maven import MavenContext

from infra.embedded import jars
from infra.embedded.download import ATTEMPTS, bring
from infra.embedded.jars import Jar
from infra.settings import Unusable

WHOLE = b"a whole jar"
JAR = Jar("some.group:some-artifact:1.0", len(WHOLE), hashlib.sha256(WHOLE).hexdigest())


@contextmanager
def repository(answers: list[bytes]) -> Iterator[str]:
    """A Maven repository that gives these answers, one after the other."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = answers.pop(0) if self.path.endswith(".jar") and answers else b""
            self.send_response(200 if body else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def fetch(url: str, directory: Path) -> Path:
    cache = directory / "cache"
    cache.mkdir()
    bring(MavenContext(repo_cache=directory / "scratch", remote_repos={"here": url}), JAR, cache)
    return cache / JAR.file


def test_a_broken_download_is_fetched_again(tmp_path: Path) -> None:
    with repository([b"half a j", WHOLE]) as url:
        assert fetch(url, tmp_path).read_bytes() == WHOLE


def test_what_stays_broken_never_enters_the_cache(tmp_path: Path) -> None:
    with (
        repository([b"half a j"] * ATTEMPTS) as url,
        pytest.raises(Unusable, match=r"some-artifact-1\.0\.jar .* SHA-256 .* ANNAL_KAFKA_BOOTSTRAP"),
    ):
        fetch(url, tmp_path)
    assert list((tmp_path / "cache").iterdir()) == []


def test_no_connection_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="no connection"):
        fetch("http://127.0.0.1:1", tmp_path)


def test_the_list_names_each_jar_once_and_the_pinned_kafka() -> None:
    found = jars.wanted()
    assert len({jar.file for jar in found}) == len(found)
    assert {"kafka_2.13-4.3.0.jar", "kafka-clients-4.3.0.jar"} <= {jar.file for jar in found}
