"""A broker that asks everybody who they are, and the users that reach it."""

import os
import subprocess
import sys

from infra import kafka
from infra.access import USERS
from infra.settings import Settings

API, WORKER, PROJECT, AGENT, ADMIN, AUDITOR, SUBSCRIBER = USERS


class Guarded:
    """A broker with an authorizer, and the settings with which each of its users reaches it."""

    def __init__(self, owner: Settings) -> None:
        self.owner = owner

    def be(self, user: str) -> Settings:
        lines = (self.owner.data_dir / "access" / f"{user}.env").read_text().split()
        said = dict(line.split("=", 1) for line in lines)
        return signed_in(self.owner, said["ANNAL_KAFKA_SASL_USERNAME"], said["ANNAL_KAFKA_SASL_PASSWORD"])

    def connection(self, user: str) -> dict[str, object]:
        return kafka.connection(self.be(user))


def signed_in(settings: Settings, user: str, password: str) -> Settings:
    return Settings.model_validate(
        settings.model_dump() | {"kafka_sasl_username": user, "kafka_sasl_password": password}
    )


def annal(settings: Settings, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "infra.cli", *arguments]
    environment = os.environ | settings.environment() | {"COLUMNS": "200"}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)  # noqa: S603 - our own
