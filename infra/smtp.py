"""Mail on its way: written as RFC 5322 wants it, and handed to a mail server over SMTP."""

import asyncio
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import aiosmtplib
from email_validator import EmailNotValidError, validate_email

PATIENCE = 10.0
"""Seconds that a mail server may take for each answer."""

PERMANENT = 500
"""From this code on a refusal is for good (RFC 5321 §4.2.1)."""

CLOSING = 421
"""The server goes away, whatever it was asked (RFC 5321 §4.2.2): that says nothing about the mail."""

RESTS = (1.0, 2.0, 3.0)
"""Seconds until a mail that is refused for now is tried again; others wait behind it, so they are few and short."""


class Undeliverable(Exception):  # noqa: N818 - what became of a mail
    """A mail that never will be delivered; one sentence says why, without the address."""


class Postponed(Exception):  # noqa: N818 - what became of a mail
    """A mail that the server refuses for now, though it takes others; its code is what it says."""


class Mail(NamedTuple):
    """A mail as it is read: plain text to one person."""

    to: str
    subject: str
    text: str


def message(mail: Mail, sender: str, name: str, time: int) -> EmailMessage:
    """Give a mail the form of RFC 5322; the same `name` and `time` make the same message. Raises Undeliverable."""
    written = EmailMessage()
    written["From"] = sender
    written["To"] = _mailbox(mail.to)
    written["Subject"] = mail.subject
    written["Date"] = format_datetime(datetime.fromtimestamp(time / 1000, UTC))
    written["Message-ID"] = f"<{name}@{parseaddr(sender)[1].rpartition('@')[2]}>"
    # So that no absence note answers (RFC 3834).
    written["Auto-Submitted"] = "auto-generated"
    # Else a line with a token, longer than 78 characters, would be folded.
    written.set_content(mail.text, cte="7bit" if mail.text.isascii() else None)
    return written


async def send(smtp_url: str, message: EmailMessage) -> None:
    """Hand a message to the mail server: smtps:// is TLS, smtp:// takes STARTTLS if that is offered.

    A password is never sent without TLS. What the server refuses for now is tried again a few times. Raises
    Undeliverable for what it refuses for good or still refuses then, and SMTPException or OSError for what is no
    verdict on this mail and may go well later.
    """
    for rest in RESTS:
        try:
            await _hand_over(smtp_url, message)
        except Postponed:
            await asyncio.sleep(rest)
        else:
            return
    try:
        await _hand_over(smtp_url, message)
    except Postponed as error:
        raise Undeliverable(f"The mail server still refuses this mail for now ({error}).") from None


async def _hand_over(smtp_url: str, message: EmailMessage) -> None:
    """Try once. Raises Postponed, Undeliverable, SMTPException and OSError."""
    url = urlsplit(smtp_url)
    secure = url.scheme == "smtps"
    try:
        await aiosmtplib.send(
            message,
            hostname=url.hostname,
            port=url.port,
            username=unquote(url.username) if url.username else None,
            password=unquote(url.password) if url.password else None,
            use_tls=secure,
            start_tls=True if url.username and not secure else None,
            timeout=PATIENCE,
        )
    except aiosmtplib.SMTPRecipientsRefused as error:
        raise _verdict(error.recipients[0], "address") from None
    except aiosmtplib.SMTPDataError as error:
        raise _verdict(error, "mail") from None
    except aiosmtplib.SMTPNotSupported:
        raise Undeliverable("The mail server cannot write to this address.") from None


def _verdict(refusal: aiosmtplib.SMTPResponseException, refused: str) -> Exception:
    """Say what a refusal of one mail means; what the server said may hold the address, and only its code is told."""
    if refusal.code == CLOSING:
        return aiosmtplib.SMTPServerDisconnected("The mail server goes away.")
    if refusal.code >= PERMANENT:
        return Undeliverable(f"The mail server refuses this {refused} ({refusal.code}).")
    return Postponed(refusal.code)


def _mailbox(address: str) -> Address:
    """Read what a person gave as their address: one mailbox and nothing else. Raises Undeliverable."""
    try:
        valid = validate_email(address, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise Undeliverable("There is no such mail address.") from None
    local, _, domain = (valid.ascii_email or valid.normalized).rpartition("@")
    return Address(username=local, domain=domain)
