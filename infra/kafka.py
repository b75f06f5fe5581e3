"""How a process reaches Kafka."""

import asyncio
import logging
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from infra.settings import Settings, Unusable, address


def connection(settings: Settings) -> dict[str, Any]:
    """Keyword arguments that every aiokafka client takes."""
    return {
        "bootstrap_servers": address(settings, "kafka_bootstrap"),
        "security_protocol": settings.kafka_security_protocol,
        **_tls(settings),
        **_sasl(settings),
    }


async def check(settings: Settings, patience: float = 10) -> None:
    """Raise Unusable unless Kafka answers within `patience` seconds."""
    # aiokafka takes a third of a second to import, and most who need `connection` have it already.
    from aiokafka.admin import AIOKafkaAdminClient  # noqa: PLC0415
    from aiokafka.errors import KafkaConnectionError, KafkaError  # noqa: PLC0415

    admin = None
    heard = _Heard()
    try:
        admin = AIOKafkaAdminClient(**connection(settings))
        async with asyncio.timeout(patience):
            with heard.instead_of_a_log():
                await _start(admin)
    except (KafkaError, OSError, ValueError) as error:
        known = not isinstance(error, KafkaConnectionError | TimeoutError)
        reason = str(error) if known else heard.reason or "no answer"
        raise Unusable(
            f"Kafka at {settings.kafka_bootstrap} cannot be used ({reason}): see that it runs, and that the settings "
            "ANNAL_KAFKA_… are those it wants."
        ) from error
    finally:
        if admin:
            await admin.close()


class _Heard(logging.Handler):
    """Hears why an attempt to connect failed, which aiokafka tells its log and nobody else."""

    reason = ""

    def emit(self, record: logging.LogRecord) -> None:
        errors = [each for each in record.args or () if isinstance(each, Exception)]
        if errors and not isinstance(errors[-1], ConnectionError | TimeoutError):  # which are no answer
            self.reason = str(errors[-1])

    @contextmanager
    def instead_of_a_log(self) -> Iterator[None]:
        """Let aiokafka not say of every attempt what one sentence says of all."""
        library = logging.getLogger("aiokafka")
        propagate, library.propagate = library.propagate, False
        level = library.level
        library.setLevel(logging.WARNING)
        library.addHandler(self)
        try:
            yield
        finally:
            library.removeHandler(self)
            library.propagate = propagate
            library.setLevel(level)


async def _start(admin: Any) -> None:
    """Start a client as soon as the broker listens; one that is starting refuses connections for a while."""
    from aiokafka.errors import KafkaConnectionError  # noqa: PLC0415

    while True:
        try:
            await admin.start()
        except KafkaConnectionError:
            await asyncio.sleep(0.2)
        else:
            return


def _tls(settings: Settings) -> dict[str, Any]:
    if not settings.kafka_security_protocol.endswith("SSL"):
        return {}
    context = ssl.create_default_context(cafile=settings.kafka_ssl_cafile)
    if settings.kafka_ssl_certfile:
        password = settings.kafka_ssl_password
        context.load_cert_chain(
            settings.kafka_ssl_certfile, settings.kafka_ssl_keyfile, password.get_secret_value() if password else None
        )
    return {"ssl_context": context}


def _sasl(settings: Settings) -> dict[str, Any]:
    if not settings.kafka_security_protocol.startswith("SASL"):
        return {}
    if settings.kafka_sasl_username is None or settings.kafka_sasl_password is None:
        raise Unusable(
            f"ANNAL_KAFKA_SECURITY_PROTOCOL is {settings.kafka_security_protocol}: set ANNAL_KAFKA_SASL_USERNAME and "
            "ANNAL_KAFKA_SASL_PASSWORD too."
        )
    return {
        "sasl_mechanism": settings.kafka_sasl_mechanism,
        "sasl_plain_username": settings.kafka_sasl_username,
        "sasl_plain_password": settings.kafka_sasl_password.get_secret_value(),
    }
