"""Kafka's authorizer and its users, over confluent-kafka: aiokafka has words for neither."""

from collections.abc import Collection, Mapping
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined] # it imports them for us, and does not say so
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from infra.access import Right
from infra.settings import Settings, Unusable, address

PATIENCE = 20.0
"""Seconds for one answer of Kafka."""

ITERATIONS = 4096
"""What RFC 7677 asks for at least: passwords of 256 random bits need no more to be hard to guess."""

# Of a right, the number that means the cluster means a broker of a setting, and confluent-kafka has one word for both.
_RESOURCES = {
    "topic": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "cluster": ResourceType.BROKER,
    "transactional_id": ResourceType.TRANSACTIONAL_ID,
}
_NAMES = {found: name for name, found in _RESOURCES.items()}


NOBODYS = Right("User:annal-nobody", "read", "topic", "annal.nothing")
"""A right that was never given."""


class Authorizer:
    """What one Kafka has of users and rights. Raises Unusable when Kafka does not answer, or will not."""

    def __init__(self, settings: Settings) -> None:
        self._admin = AdminClient(client(settings))
        # To whoever may not ask, confluent-kafka 2.16 says that there are no rights, and asked for users it ends the
        # process. What it is told here is refused for the same reasons, and the reason is given.
        self.withdraw([NOBODYS])

    def rights(self) -> set[Right]:
        """Give every right of everybody, but for delegation tokens, which confluent-kafka does not know."""
        everything: Any = AclBindingFilter(
            ResourceType.ANY,
            None,  # type: ignore[arg-type] # None is any, as its own description says
            ResourcePatternType.ANY,
            None,  # type: ignore[arg-type]
            None,  # type: ignore[arg-type]
            AclOperation.ANY,
            AclPermissionType.ANY,
        )
        found = _answer(self._admin.describe_acls(everything, request_timeout=PATIENCE))
        return {_right(binding) for binding in found if binding.restype in _NAMES}

    def grant(self, rights: Collection[Right]) -> None:
        if rights:
            bindings = [_binding(AclBinding, right) for right in rights]
            _answers(self._admin.create_acls(bindings, request_timeout=PATIENCE))

    def withdraw(self, rights: Collection[Right]) -> None:
        if rights:
            filters = [_binding(AclBindingFilter, right) for right in rights]
            _answers(self._admin.delete_acls(filters, request_timeout=PATIENCE))

    def users(self) -> set[str]:
        """Give the names of all who have a password for SCRAM-SHA-512."""
        described = _answer(self._admin.describe_user_scram_credentials(request_timeout=PATIENCE))
        return {
            name
            for name, user in described.items()
            if any(each.mechanism is ScramMechanism.SCRAM_SHA_512 for each in user.scram_credential_infos)
        }

    def set_password(self, user: str, password: str) -> None:
        """Let a user sign in with this password only, and make the user if there is none."""
        how = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, ITERATIONS)
        wanted = UserScramCredentialUpsertion(user, how, password.encode())
        _answers(self._admin.alter_user_scram_credentials([wanted], request_timeout=PATIENCE))


def client(settings: Settings) -> dict[str, Any]:
    """Give the settings that every client of confluent-kafka takes, as infra.kafka gives them for aiokafka."""
    said = {
        "bootstrap.servers": address(settings, "kafka_bootstrap"),
        "security.protocol": settings.kafka_security_protocol,
        "ssl.ca.location": settings.kafka_ssl_cafile,
        "ssl.certificate.location": settings.kafka_ssl_certfile,
        "ssl.key.location": settings.kafka_ssl_keyfile,
        "ssl.key.password": settings.kafka_ssl_password and settings.kafka_ssl_password.get_secret_value(),
        "log_level": 0,  # what matters is raised
    }
    if settings.kafka_security_protocol.startswith("SASL"):
        said |= {
            "sasl.mechanism": settings.kafka_sasl_mechanism,
            "sasl.username": settings.kafka_sasl_username,
            "sasl.password": settings.kafka_sasl_password and settings.kafka_sasl_password.get_secret_value(),
        }
    return {name: str(value) for name, value in said.items() if value is not None}


def _binding(kind: type[Any], right: Right) -> Any:
    return kind(
        _RESOURCES[right.resource],
        right.name,
        ResourcePatternType[right.pattern.upper()],
        right.principal,
        right.host,
        AclOperation[right.operation.upper()],
        AclPermissionType[right.permission.upper()],
    )


def _right(binding: Any) -> Right:
    return Right(
        binding.principal,
        binding.operation.name.lower(),
        _NAMES[binding.restype],
        binding.name,
        binding.resource_pattern_type.name.lower(),
        binding.permission_type.name.lower(),
        binding.host,
    )


def _answers(asked: Mapping[Any, Any]) -> None:
    for future in asked.values():
        _answer(future)


def _answer(future: Any) -> Any:
    try:
        return future.result(2 * PATIENCE)
    except KafkaException as error:
        raise Unusable(_sentence(error.args[0])) from error


def _sentence(error: KafkaError) -> str:
    if error.code() == KafkaError.SECURITY_DISABLED:
        return "This Kafka lets everybody do everything: give its brokers an authorizer first."
    if error.code() == KafkaError.CLUSTER_AUTHORIZATION_FAILED:
        return "This user of Kafka may not alter the cluster: name one that may by ANNAL_KAFKA_SASL_USERNAME."
    return f"Kafka cannot be told who may do what ({error.str()}): see that it is settled, and try again."
