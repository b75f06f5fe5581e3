"""What every process of Annal must know to run; each setting is the environment variable ANNAL_<NAME>."""

import ipaddress
import json
import re
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-f:]+\](:[0-9]{1,5})?")
_URL = re.compile(r"https?://[^/?#\s]+(/[^?#\s]*)?")
_HOOK = re.compile(r"https?://[^/?#\s]+(/[^?#\s]*)?(\?[^#\s]*)?")
_SECRET = re.compile(r"whsec_[A-Za-z0-9+/]{32,86}={0,2}")
_KEY = re.compile(r"[0-9a-fA-F]{64}")


class Unusable(Exception):  # noqa: N818 - the message is for the person at the terminal, and a trace would not help them
    """Something Annal needs cannot be used; the message is one sentence that says what to do."""


class Issuer(BaseModel):
    """Somebody else whose access tokens are accepted (OpenID Connect, RFC 9068)."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")  # goes before the token's `sub` in the account's id
    issuer: str
    jwks_url: str
    audience: str
    roles_claim: str = "roles"
    roles: dict[str, str]  # from a word of the claim to a role of ours


class Settings(BaseSettings):
    """Where the servers are and how a process behaves. An empty address means: started by `annal up`, if at all."""

    model_config = SettingsConfigDict(env_prefix="ANNAL_", frozen=True, extra="forbid")

    data_dir: Path = Path(".annal")
    cache_dir: Path = Field(default_factory=lambda: Path.home() / ".cache" / "annal")

    kafka_bootstrap: str = ""
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    kafka_sasl_username: str | None = None
    kafka_sasl_password: SecretStr | None = None
    kafka_ssl_cafile: Path | None = None
    kafka_ssl_certfile: Path | None = None
    kafka_ssl_keyfile: Path | None = None
    kafka_ssl_password: SecretStr | None = None
    schema_registry_url: str = ""

    postgres_url: str = ""
    redis_url: str = ""

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=1, le=65535)
    worker_port: int = Field(default=8082, ge=0, le=65535)  # /metrics, /healthz, /readyz of the worker; 0 is any port
    project_port: int = Field(default=8081, ge=0, le=65535)  # the same of the projections
    agent_port: int = Field(default=8083, ge=0, le=65535)  # the same of the agent
    agent_plugins: tuple[str, ...] = ()  # modules whose actions, providers and evaluators the agent has, as JSON
    agent_model_url: str = ""  # an OpenAI-compatible endpoint, such as http://127.0.0.1:8000/v1; none if empty
    agent_model: str = Field(default="", max_length=200)  # which of its models
    agent_model_key: SecretStr | None = None
    agent_model_timeout: float = Field(default=8.0, gt=0, le=60)  # seconds of a turn; then its words alone count
    agent_model_price_in: int = Field(default=0, ge=0)  # millionths of a currency's unit for 1,000 tokens read
    agent_model_price_out: int = Field(default=0, ge=0)  # the same for 1,000 tokens written
    agent_tokens_a_day: int = Field(default=0, ge=0)  # of each person, in UTC; 0 is no limit
    agent_cost_a_day: int = Field(default=0, ge=0)  # likewise, in millionths
    agent_webhook_url: str = ""  # each answer of the agent is POSTed there; https://… unless all is on this machine
    agent_webhook_secret: SecretStr | None = None  # signs them: whsec_ and 24 to 64 bytes in base64
    cursor_secret: SecretStr | None = None  # signs the cursors of lists; made in the data directory if none is given

    # Wraps all keys of the vault: 64 hexadecimal digits; made in the data directory if none is given. Of several,
    # separated by commas, the first wraps and all unwrap.
    master_key: SecretStr | None = None
    public_url: str = (
        ""  # where people reach the doors, such as https://annal.example; http://host:port if none is given
    )
    dev_login: bool = False  # anybody may sign in as anybody, for play on loopback
    issuers: tuple[Issuer, ...] = ()  # whose access tokens are accepted beside our own, as JSON
    cors_origins: tuple[str, ...] = ()  # pages of these origins may ask, as JSON
    trusted_proxies: tuple[str, ...] = ()  # networks whose X-Forwarded-For and -Proto are believed, as JSON
    rate_limits: bool = True  # off only where load itself is tried
    smtp_url: str = (
        ""  # smtp://user:password@host:587 or smtps://…; without one, mail goes to the inbox at /v1/dev/inbox
    )
    mail_from: str = "annal@localhost"

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    otel_exporter: Literal["none", "otlp"] = "none"

    @field_validator("data_dir", "cache_dir")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        return path.expanduser().absolute()

    @field_validator("postgres_url")
    @classmethod
    def _postgres(cls, url: str) -> str:
        if url and not url.startswith(("postgresql://", "postgres://")):
            raise ValueError("a PostgreSQL address looks like postgresql://user:password@host:5432/database")
        return url

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, url: str) -> str:
        if url and not url.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("a Redis address looks like redis://host:6379/0, rediss://… with TLS, or unix:///path")
        return url

    @property
    def url(self) -> str:
        """Where people reach the doors; what our access tokens say of who gave them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url.rstrip("/") or f"http://{host}:{self.port}"

    @field_validator("cors_origins")
    @classmethod
    def _exact(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            if _ORIGIN.fullmatch(origin) is None:
                raise ValueError(f"name each origin as browsers do, such as https://app.example; {origin!r} is none")
        return origins

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        for network in networks:
            try:
                everybody = ipaddress.ip_network(network).prefixlen == 0
            except ValueError:
                raise ValueError(f"name networks such as 10.1.0.0/16, or addresses; {network!r} is none") from None
            if everybody:
                raise ValueError(f"name the networks of your proxies only; {network} lets everybody say who they are")
        return networks

    @field_validator("public_url")
    @classmethod
    def _public(cls, url: str) -> str:
        if url and _URL.fullmatch(url) is None:
            raise ValueError("an address for people looks like https://annal.example")
        return url.rstrip("/")

    @field_validator("agent_model_url")
    @classmethod
    def _endpoint(cls, url: str) -> str:
        if url and _URL.fullmatch(url) is None:
            raise ValueError("the address of a model's endpoint looks like http://127.0.0.1:8000/v1")
        return url

    @field_validator("agent_webhook_url")
    @classmethod
    def _hook(cls, url: str) -> str:
        if url and _HOOK.fullmatch(url) is None:
            raise ValueError("the address of a webhook looks like https://example.org/annal")
        return url

    @field_validator("agent_webhook_secret")
    @classmethod
    def _signing(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and _SECRET.fullmatch(secret.get_secret_value()) is None:
            raise ValueError("a webhook's secret is whsec_ and 24 to 64 random bytes in base64")
        return secret

    @field_validator("smtp_url")
    @classmethod
    def _smtp(cls, url: str) -> str:
        if url and not url.startswith(("smtp://", "smtps://")):
            raise ValueError("a mail server's address looks like smtp://user:password@host:587, or smtps://… with TLS")
        return url

    @field_validator("master_key")
    @classmethod
    def _keys(cls, keys: SecretStr | None) -> SecretStr | None:
        if keys is not None and not all(_KEY.fullmatch(key.strip()) for key in keys.get_secret_value().split(",")):
            raise ValueError("a master key is 64 hexadecimal digits; put commas between several")
        return keys

    @property
    def local(self) -> bool:
        """Whether only this machine reaches the doors: no proxy and no other name stands before them."""
        named = urlsplit(self.url).hostname or ""
        return is_loopback(self.host) and is_loopback(named) and not self.trusted_proxies

    def environment(self) -> dict[str, str]:
        """These settings as the environment variables that give them to another process."""
        said = {name: getattr(self, name) for name in type(self).model_fields}
        return {f"ANNAL_{name.upper()}": _plain(value) for name, value in said.items() if value is not None}


def is_loopback(host: str) -> bool:
    """Say whether only this machine reaches a host by its name or address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def load(*, running: bool = True, **given: Any) -> Settings:
    """Settings from `given`, else the environment, else (if `running`) from the `annal up` of the data directory."""
    try:
        known = Settings(**given)
        if not running or not note(known.data_dir).exists():
            return known
        found = _found(note(known.data_dir))
        return Settings(**{key: value for key, value in found.items() if key not in known.model_fields_set} | given)
    except ValidationError as error:
        first = error.errors()[0]
        name = f"ANNAL_{first['loc'][0]}".upper() if first["loc"] else "The settings"
        raise Unusable(f"{name} cannot be used: {first['msg'].removeprefix('Value error, ')}.") from error


ADDRESSES = {
    "kafka_bootstrap": ("Kafka", "host:9092"),
    "postgres_url": ("PostgreSQL", "postgresql://user:password@host:5432/database"),
    "redis_url": ("Redis", "redis://host:6379/0"),
}
"""The servers that nothing works without: their settings, names, and what an address looks like."""


def address(settings: Settings, name: str) -> str:
    """The address of a server. Raises Unusable if none is known."""
    found: str = getattr(settings, name)
    if not found:
        server, example = ADDRESSES[name]
        raise Unusable(f"No {server} is known: run `annal up`, or set ANNAL_{name.upper()}, such as {example}.")
    return found


SHOWN = {"kafka_bootstrap", "postgres_url", "redis_url", "host", "port", "worker_port", "project_port", "agent_port"}


def publish(settings: Settings) -> None:
    """Tell other commands on this machine where the servers of this data directory are."""
    shown = settings.model_dump(mode="json", include=SHOWN)
    path = note(settings.data_dir)
    path.touch(mode=0o600)
    path.write_text(json.dumps(shown, indent=2))


def withdraw(settings: Settings) -> None:
    """Tell them that nothing runs here any more."""
    note(settings.data_dir).unlink(missing_ok=True)


def _found(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text())
    except ValueError as error:
        raise Unusable(f"{path} cannot be read: delete it.") from error
    return found


def note(data_dir: Path) -> Path:
    """Where an `annal up` that is ready says so."""
    return data_dir / "running.json"


def _plain(value: object) -> str:
    if isinstance(value, tuple):
        return json.dumps([each.model_dump() if isinstance(each, BaseModel) else each for each in value])
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)
