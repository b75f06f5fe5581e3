"""Mail is written so that nothing can be put into it, and handed over with TLS where there is any."""

import asyncio
import datetime as dt
import ssl
from email.headerregistry import AddressHeader
from pathlib import Path
from typing import cast

import aiosmtplib
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from infra import smtp
from infra.smtp import Mail, Undeliverable, message, send
from tests.infra.mailserver import MailServer, mail_server

NOW = 1_764_000_000_000
TEXT = "Hello,\n\n    " + "t" * 140 + "\n\n.\n"
HELLO = message(Mail("ada@example.org", "Hello", TEXT), "Annal <annal@annal.test>", "one", NOW)
GREETINGS = Mail("grüße@example.org", "Hello", TEXT)


def to(address: str) -> str:
    written = message(Mail(address, "Hello", TEXT), "annal@annal.test", "one", NOW)
    (mailbox,) = cast("AddressHeader", written["To"]).addresses
    return str(mailbox.addr_spec)


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """What a server shows that everybody here trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    today = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - dt.timedelta(days=1))
        .not_valid_after(today + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "server.pem"
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM) + key.private_bytes(serialization.Encoding.PEM, *form)
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


# ── writing ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_message_is_plain_text_from_us_to_one_person() -> None:
    assert HELLO["From"] == "Annal <annal@annal.test>"
    assert HELLO["To"] == "ada@example.org"
    assert HELLO["Subject"] == "Hello"
    assert HELLO["Message-ID"] == "<one@annal.test>"
    assert HELLO["Date"] == "Mon, 24 Nov 2025 16:00:00 +0000"
    assert HELLO["Auto-Submitted"] == "auto-generated"
    assert HELLO.get_content_type() == "text/plain"
    assert HELLO.get_content() == TEXT


def test_a_long_token_stands_in_one_line() -> None:
    assert b"t" * 140 in HELLO.as_bytes()


def test_text_in_any_script_arrives() -> None:
    written = message(Mail("ada@example.org", "Grüße", "Grüße,\n" + "ü" * 200 + "\n"), "annal@annal.test", "one", NOW)
    assert written["Subject"] == "Grüße"
    assert written.get_content() == "Grüße,\n" + "ü" * 200 + "\n"


@pytest.mark.parametrize(
    "address", ["ada@example.org", "ada+tag@example.test", "o'ada@example.org", "grüße@example.org"]
)
def test_an_address_goes_into_the_header_as_it_is(address: str) -> None:
    assert to(address) == address


def test_a_domain_in_another_script_is_written_as_mail_servers_know_it() -> None:
    assert to("ada@grüße.example") == "ada@xn--gre-6ka8l.example"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ada",
        "ada@example.org, eve@example.org",
        "ada@example.org\nBcc: eve@example.org",
        "ada@example.org\r\nSubject: Bye",
        "Ada <ada@example.org>",
        "ada@example.org>",
        '"ada@example.org>\r\nRCPT TO:<eve"@example.org',
    ],
)
def test_what_is_not_one_address_is_undeliverable_and_not_repeated(address: str) -> None:
    with pytest.raises(Undeliverable) as told:
        to(address)
    assert str(told.value) == "There is no such mail address."


def test_a_subject_cannot_begin_another_header() -> None:
    with pytest.raises(ValueError, match="linefeed"):
        message(Mail("ada@example.org", "Hello\nBcc: eve@example.org", TEXT), "annal@annal.test", "one", NOW)


# ── sending ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_message_arrives_as_it_was_written() -> None:
    async with mail_server() as server:
        await send(f"smtp://127.0.0.1:{server.port}", HELLO)
    (came,) = server.came
    assert dict(came.items()) == dict(HELLO.items())
    assert came.get_content() == TEXT
    assert [line for line in server.heard if line.startswith(("MAIL", "RCPT"))] == [
        "MAIL FROM:<annal@annal.test>",
        "RCPT TO:<ada@example.org>",
    ]


async def test_tls_is_taken_where_it_is_offered(trusted: ssl.SSLContext) -> None:
    async with mail_server(tls=trusted) as server:
        await send(f"smtp://localhost:{server.port}", HELLO)
    assert "STARTTLS" in server.heard
    assert len(server.came) == 1


async def test_smtps_is_tls_from_the_first_byte(trusted: ssl.SSLContext) -> None:
    async with mail_server(tls=trusted, at_once=True) as server:
        await send(f"smtps://localhost:{server.port}", HELLO)
    assert len(server.came) == 1


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
async def test_a_server_that_shows_what_nobody_trusts_is_told_nothing(
    trusted: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    async with mail_server(tls=trusted, at_once=scheme == "smtps") as server:
        with pytest.raises((aiosmtplib.SMTPException, OSError)):
            await send(f"{scheme}://localhost:{server.port}", HELLO)
    assert server.came == []
    assert not any(line.startswith("RCPT") for line in server.heard)


async def test_a_password_is_not_sent_without_tls() -> None:
    async with mail_server() as server:
        server.offers = "AUTH PLAIN"
        with pytest.raises(aiosmtplib.SMTPException, match="STARTTLS"):
            await send(f"smtp://annal:s%40crets@127.0.0.1:{server.port}", HELLO)
    assert not any(line.startswith("AUTH") for line in server.heard)


async def test_a_password_is_sent_with_tls(trusted: ssl.SSLContext) -> None:
    async with mail_server(tls=trusted, at_once=True) as server:
        server.offers, server.says["AUTH"] = "AUTH PLAIN", "235 It is you"
        await send(f"smtps://annal:s%40crets@localhost:{server.port}", HELLO)
    assert "AUTH PLAIN AGFubmFsAHNAY3JldHM=" in server.heard
    assert len(server.came) == 1


@pytest.mark.parametrize(("word", "answer"), [("RCPT", "550 No such user"), ("END", "554 I do not like it")])
async def test_what_is_refused_for_good_is_undeliverable(word: str, answer: str) -> None:
    async with mail_server() as server:
        server.says[word] = answer
        with pytest.raises(Undeliverable) as told:
            await send(f"smtp://127.0.0.1:{server.port}", HELLO)
    assert answer[:3] in str(told.value)
    assert "example.org" not in str(told.value)


async def test_an_address_in_any_script_is_written_to() -> None:
    async with mail_server() as server:
        await send(f"smtp://127.0.0.1:{server.port}", message(GREETINGS, "annal@annal.test", "one", NOW))
    assert [came["To"] for came in server.came] == ["grüße@example.org"]


async def test_a_server_that_knows_ascii_only_cannot_write_to_everybody() -> None:
    async with mail_server() as server:
        server.offers = "8BITMIME"
        written = message(GREETINGS, "annal@annal.test", "one", NOW)
        with pytest.raises(Undeliverable):
            await send(f"smtp://127.0.0.1:{server.port}", written)


@pytest.mark.parametrize(
    ("word", "answer"),
    [
        ("MAIL", "550 Not from you"),
        ("MAIL", "451 Later"),
        ("EHLO", "421 I am going"),
        ("RCPT", "421 I am going"),
        ("END", "421 I am going"),
    ],
)
async def test_what_may_go_well_later_is_no_verdict(word: str, answer: str) -> None:
    async with mail_server() as server:
        server.says |= {word: answer, "HELO": answer}
        with pytest.raises(aiosmtplib.SMTPException):
            await send(f"smtp://127.0.0.1:{server.port}", HELLO)


@pytest.fixture
def short_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "RESTS", tuple(rest / 100 for rest in smtp.RESTS))


@pytest.mark.usefixtures("short_rests")
@pytest.mark.parametrize(("word", "answer"), [("RCPT", "451 Later"), ("END", "452 I am full")])
async def test_what_is_refused_for_now_is_tried_again_and_then_given_up(word: str, answer: str) -> None:
    async with mail_server() as server:
        server.says[word] = answer
        with pytest.raises(Undeliverable) as told:
            await send(f"smtp://127.0.0.1:{server.port}", HELLO)
    assert len([line for line in server.heard if line.startswith("RCPT")]) == 4
    assert answer[:3] in str(told.value)
    assert "example.org" not in str(told.value)


async def test_what_is_refused_for_a_moment_arrives_once() -> None:
    async with mail_server() as server:
        server.says["RCPT"] = "451 Later"
        asyncio.get_running_loop().call_later(0.5, server.says.pop, "RCPT")
        await send(f"smtp://127.0.0.1:{server.port}", HELLO)
    assert len([line for line in server.heard if line.startswith("RCPT")]) == 2
    assert len(server.came) == 1


async def test_nobody_there_is_no_verdict() -> None:
    server: MailServer
    async with mail_server() as server:
        pass
    with pytest.raises((aiosmtplib.SMTPException, OSError)):
        async with asyncio.timeout(20):
            await send(f"smtp://127.0.0.1:{server.port}", HELLO)
