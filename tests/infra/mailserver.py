"""A mail server of a few lines: it says yes to everything, or what it is told to say, and keeps what comes."""

import asyncio
import email
import email.policy
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from typing import cast


class MailServer:
    """`offers` is the extension it has, `says` gives other answers to a word of the client.

    `heard` are all lines of clients, `came` their messages.
    """

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self.port = 0
        self.offers = "SMTPUTF8"
        self.says: dict[str, str] = {"DATA": "354 Go on", "STARTTLS": "220 Go on"}
        self.heard: list[str] = []
        self.came: list[EmailMessage] = []
        self.tls = tls

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._talk(reader, writer)
        finally:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answer, word = "220 Here", " "
        while True:
            writer.write(answer.encode() + b"\r\n")
            if word in ("", "QUIT"):
                return
            if word == "STARTTLS":
                await writer.start_tls(cast("ssl.SSLContext", self.tls))
            if word == "DATA" and answer.startswith("354"):
                self.came.append(_read(await reader.readuntil(b"\r\n.\r\n")))
                word, answer = " ", self.says.get("END", "250 Taken")
                continue
            line = (await reader.readline()).decode().strip()
            self.heard.append(line)
            word = line.partition(" ")[0].upper()
            answer = self.says.get(word, f"250-Here\r\n250 {self.offers}" if word == "EHLO" else "250 Yes")


def _read(raw: bytes) -> EmailMessage:
    whole = raw[:-3].replace(b"\r\n..", b"\r\n.").replace(b"\r\n", b"\n")
    return email.message_from_bytes(whole, policy=email.policy.default)


@asynccontextmanager
async def mail_server(*, tls: ssl.SSLContext | None = None, at_once: bool = False) -> AsyncIterator[MailServer]:
    """A mail server on loopback; with `tls` it offers STARTTLS, or speaks TLS `at_once`."""
    taking = MailServer(tls=tls)
    if tls is not None and not at_once:
        taking.offers = "STARTTLS"
    server = await asyncio.start_server(taking.serve, "127.0.0.1", 0, ssl=tls if at_once else None)
    async with server:
        taking.port = server.sockets[0].getsockname()[1]
        yield taking
