"""Settings: where they come from, and what is said of those that cannot be used."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from infra.settings import Settings, Unusable, load, publish, withdraw


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings().environment():
        monkeypatch.delenv(name, raising=False)


def test_what_one_process_knows_another_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    known = Settings(
        port=1234, kafka_bootstrap="a:1", kafka_sasl_password=SecretStr("secret"), kafka_ssl_cafile=Path("/certificate")
    )
    for name, value in known.environment().items():
        monkeypatch.setenv(name, value)
    assert load() == known


def test_what_runs_in_the_data_directory_is_found(tmp_path: Path) -> None:
    running = Settings(data_dir=tmp_path, kafka_bootstrap="127.0.0.1:7", redis_url="redis://127.0.0.1:8", port=9)
    publish(running)
    assert load(data_dir=tmp_path) == running
    withdraw(running)
    assert load(data_dir=tmp_path).kafka_bootstrap == ""


def test_the_environment_goes_before_what_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(Settings(data_dir=tmp_path, kafka_bootstrap="127.0.0.1:7", redis_url="redis://127.0.0.1:8"))
    monkeypatch.setenv("ANNAL_KAFKA_BOOTSTRAP", "own:9092")
    found = load(data_dir=tmp_path)
    assert (found.kafka_bootstrap, found.redis_url) == ("own:9092", "redis://127.0.0.1:8")


def test_only_its_owner_reads_what_runs(tmp_path: Path) -> None:
    publish(Settings(data_dir=tmp_path))
    assert (tmp_path / "running.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ANNAL_PORT", "many"),
        ("ANNAL_PORT", "70000"),
        ("ANNAL_POSTGRES_URL", "mysql://host/database"),
        ("ANNAL_REDIS_URL", "http://host"),
        ("ANNAL_KAFKA_SECURITY_PROTOCOL", "TELEPATHY"),
        ("ANNAL_CORS_ORIGINS", '["*"]'),
        ("ANNAL_CORS_ORIGINS", '["https://*.example"]'),
        ("ANNAL_CORS_ORIGINS", '["https://app.example/"]'),
        ("ANNAL_CORS_ORIGINS", '["app.example"]'),
        ("ANNAL_CORS_ORIGINS", '["null"]'),
        ("ANNAL_TRUSTED_PROXIES", '["*"]'),
        ("ANNAL_TRUSTED_PROXIES", '["10.0.0.1/8"]'),
        ("ANNAL_TRUSTED_PROXIES", '["0.0.0.0/0"]'),
        ("ANNAL_TRUSTED_PROXIES", '["proxy.example"]'),
        ("ANNAL_PUBLIC_URL", "annal.example"),
        ("ANNAL_PUBLIC_URL", "ftp://annal.example"),
        ("ANNAL_PUBLIC_URL", "https://annal.example/?a=b"),
        ("ANNAL_SMTP_URL", "mail.example:587"),
        ("ANNAL_MASTER_KEY", "secret"),
        ("ANNAL_MASTER_KEY", "0" * 63),
        ("ANNAL_MASTER_KEY", "0" * 64 + ","),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(Unusable, match=f"^{name} cannot be used: .*\\.$"):
        load()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ANNAL_CORS_ORIGINS", '["https://app.example", "http://localhost:5173", "http://[::1]:5173"]'),
        ("ANNAL_TRUSTED_PROXIES", '["10.0.0.0/8", "2001:db8::/32", "192.0.2.1"]'),
        ("ANNAL_PUBLIC_URL", "https://annal.example/of/ours"),
        ("ANNAL_SMTP_URL", "smtps://user:password@mail.example"),
        ("ANNAL_MASTER_KEY", "0" * 64 + ", " + "aF" * 32),
    ],
)
def test_a_right_setting_is_taken(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    assert load().environment()[name] == value


def test_nothing_of_a_secret_is_told_when_it_cannot_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ANNAL_MASTER_KEY", "ANNAL_SMTP_URL"):
        monkeypatch.setenv(name, "very secret")
        with pytest.raises(Unusable) as told:
            load()
        monkeypatch.delenv(name)
        assert "very secret" not in str(told.value)


def test_a_broken_note_of_what_runs_is_named(tmp_path: Path) -> None:
    (tmp_path / "running.json").write_text("{")
    with pytest.raises(Unusable, match=r"running\.json cannot be read: delete it"):
        load(data_dir=tmp_path)
