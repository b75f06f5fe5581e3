"""`annal up`: the servers, the topics, the tables and one process of each role, watched until it is told to stop."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import FrameType

import psutil
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

from infra import embedded, ports
from infra.embedded.process import Child, end_with_parent
from infra.ready import door, reach_named, unready, unready_behind
from infra.settings import Settings, Unusable, publish, withdraw

ROLES = {"worker": ("worker",), "project": ("project",), "api": ("api",), "agent": ("agent", "run")}
READY_PATIENCE = 120
FALLS, FALLS_WITHIN = 5, 60
"""Whoever stops so often within so many seconds is not started again."""


@dataclass
class Watched:
    """A child that is started again whenever it stops by itself."""

    child: Child
    falls: list[float] = field(default_factory=list)
    fallen: bool = False

    def look(self, console: Console) -> None:
        """Start the child again some time after it stopped. Raises Unusable when it stops again and again."""
        now = time.monotonic()
        if self.child.alive:
            return
        if not self.fallen:
            self._note_fall(now, console)
        if now - self.falls[-1] >= len(self.falls) - 1:
            self.child.start()
            self.fallen = False

    def _note_fall(self, now: float, console: Console) -> None:
        self.fallen = True
        self.falls = [fall for fall in self.falls if now - fall < FALLS_WITHIN] + [now]
        name, log = self.child.name, self.child.log
        if len(self.falls) == FALLS:
            raise Unusable(f"{name} stopped {FALLS} times in a minute ({self.child.last_words()}): see {log}.")
        console.print(f"[yellow]{name} stopped and is started again; its log is {log}.")


def run(settings: Settings, console: Console) -> None:
    """Start everything, say where it is, and watch it until SIGINT, SIGTERM or SIGHUP."""
    if psutil.Process(os.getppid()).name() == "uv":
        # A killed `uv run` takes nobody along by itself, and a second one would find the first still running.
        end_with_parent(signal.SIGTERM)
    with suppress(KeyboardInterrupt), _told_to_stop(console), embedded.held(settings.data_dir):
        ports.refuse_busy(settings)
        # Only the doors' port is known to people; that of anyone's metrics may be another this time.
        measured = {
            name: ports.free_near(getattr(settings, name)) for name in ("worker_port", "project_port", "agent_port")
        }
        asyncio.run(reach_named(settings))
        _run(settings.model_copy(update=measured), console)


def _run(settings: Settings, console: Console) -> None:
    began = time.monotonic()
    with _progress(console) as progress:
        fetching = progress.add_task("Fetching Kafka, once", visible=False, total=None, loaded="")
        starting = progress.add_task("Starting Kafka, PostgreSQL and Redis", total=None, loaded="")

        def advance(count: int, total: int) -> None:
            progress.update(fetching, advance=count, total=total, visible=True, loaded=f"of {total // 1_000_000} MB")

        with embedded.launched(settings, embedded.LIKED_PORTS, advance) as servers:
            # They bring every schema; the servers need the time anyway.
            from infra import tables, topics  # noqa: PLC0415

            servers.wait_ready()
            progress.update(starting, description="Making topics and tables")
            asyncio.run(topics.create(servers.settings))
            if changed := tables.make(servers.settings, anew=not settings.postgres_url):
                console.print(f"{', '.join(changed)} changed: all tables are filled again from the facts.")
            progress.update(starting, description="Starting the worker, the projections, the doors and the agent")
            with _roles(servers.settings) as roles:
                _wait_ready(servers.settings, roles)
                progress.stop()
                _welcome(servers.settings, time.monotonic() - began, console)
                _watch([*servers.children, *roles], console)


@contextmanager
def _roles(settings: Settings) -> Iterator[list[Child]]:
    """One process of each role, stopped in reverse: first nothing more is asked, then nothing is left to decide."""
    children = []
    try:
        for role, said in ROLES.items():
            command = [sys.executable, "-m", "infra.cli", *said]
            child = Child(role, command, settings.data_dir, settings.environment())
            child.start()
            children.append(child)
        publish(settings)
        yield children
    finally:
        withdraw(settings)
        for child in reversed(children):
            child.stop()


def _wait_ready(settings: Settings, roles: list[Child]) -> None:
    """Wait until the doors say that everything behind them works, and those behind them that they do."""
    until = time.monotonic() + READY_PATIENCE
    while (said := unready(settings) or unready_behind(settings, agent=True)) is not None:
        for role in roles:
            role.refuse_ended()
        if time.monotonic() > until:
            raise Unusable(f"Not all is ready after {READY_PATIENCE} s: see {settings.data_dir}/logs; said was: {said}")
        time.sleep(0.1)


def _welcome(settings: Settings, seconds: float, console: Console) -> None:
    console.print(f"[green]Annal is ready[/] after {seconds:.0f} s. Ctrl-C stops it.")
    console.print(f"  API documents  {door(settings)}/docs")
    console.print(f"  Health         {door(settings)}/readyz")
    console.print(f"  Metrics        {door(settings)}/metrics, and on the ports", end=" ")
    console.print(
        f"{settings.worker_port} (worker), {settings.project_port} (projections) and {settings.agent_port} (agent)"
    )
    console.print(f"  Data and logs  {settings.data_dir}")


def _watch(children: list[Child], console: Console) -> None:
    watched = [Watched(child) for child in children]
    while True:
        time.sleep(0.5)
        for one in watched:
            one.look(console)


def _progress(console: Console) -> Progress:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[loaded]}"))
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


@contextmanager
def _told_to_stop(console: Console) -> Iterator[None]:
    """Let the first signal end the block; while it is tidied up, more of them change nothing."""
    told = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def stop(_number: int, _frame: FrameType | None) -> None:
        for number in told:
            signal.signal(number, signal.SIG_IGN)
        console.print("Stopping…")
        raise KeyboardInterrupt

    for number in told:
        signal.signal(number, stop)
    yield
