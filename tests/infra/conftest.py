"""What tests of several files share: a broker with an authorizer, with and without its users."""

from collections.abc import Iterator

import pytest

from infra import ports
from infra.embedded import jars, kafka
from infra.settings import Settings
from tests.infra.guarded import ADMIN, Guarded, annal, signed_in

OWNERS_PASSWORD = "not-a-secret"  # noqa: S105 - of a broker that lives as long as the tests


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A broker that knows nobody but its owner, who these settings are."""
    directory = tmp_path_factory.mktemp("guarded")
    chosen = ports.choose(directory, {"kafka": None, "controller": None})
    settings = Settings(
        data_dir=directory,
        kafka_bootstrap=f"127.0.0.1:{chosen['kafka']}",
        kafka_security_protocol="SASL_PLAINTEXT",
    )
    classpath = jars.fetch(settings.cache_dir / "jars", lambda _count, _total: None)
    child = kafka.prepare(directory, classpath, chosen["kafka"], chosen["controller"], OWNERS_PASSWORD)
    child.start()
    try:
        kafka.wait_ready(child, chosen["kafka"])
        yield signed_in(settings, kafka.OWNER, OWNERS_PASSWORD)
    finally:
        child.stop()


@pytest.fixture(scope="session")
def guarded(bare: Settings) -> Guarded:
    """The same with all users, rights and topics, made by the commands that make them."""
    made = annal(bare, "access")
    assert (made.returncode, made.stderr) == (0, "")
    users = Guarded(bare)
    created = annal(users.be(ADMIN), "topics")
    assert (created.returncode, created.stderr) == (0, "")
    return users
