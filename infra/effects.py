"""What facts lead to outside of the journals: mail, and the end of keys. Each effect may be asked for again.

They need PostgreSQL, and wait for it; nothing else waits for them.
"""

import asyncio
import time

import aiosmtplib
import psycopg
from prometheus_client import Counter

from infra import mail, smtp, telemetry
from infra.auth import inbox
from infra.auth.vault import Person, Unsealable, Vault
from infra.mail import Draft
from infra.settings import Settings, Unusable
from infra.smtp import Mail, Undeliverable
from projections import account
from schemas.account import AccountErased
from schemas.message import Fact, Recorded
from schemas.problems import Problem
from streams.seeing import NotNow

ERASING: tuple[type[Fact], ...] = (AccountErased,)
"""The facts that end keys."""

TOLD_WITHIN_MS = 7 * 24 * 3600 * 1000
"""How old a fact may be that people are still told of: as old as a command that is still decided."""

KNOWN_WITHIN_MS = 3600 * 1000
"""How long an account's row is waited for, when the read models are behind."""

MAILS = Counter("annal_mails_total", "Mails that facts asked for, by what became of them", ["became"])

log = telemetry.log(__name__)


class Effects:
    """Does what facts lead to. It opens the vault when it is first needed, and again until that succeeds."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._vault: Vault | None = None
        self._opening = asyncio.Lock()

    async def see_to(self, recorded: Recorded) -> None:
        """Do what a fact leads to. Raises NotNow."""
        try:
            vault = await self._opened()
            if isinstance(recorded.fact, AccountErased):
                await vault.erase(recorded.meta.subject)
                await inbox.forget(vault, recorded.meta.subject)
            else:
                await self._tell(vault, recorded)
        except Problem as problem:
            raise NotNow(problem.detail) from problem
        except Unusable as error:
            raise NotNow(str(error)) from error
        except psycopg.Error as error:
            raise NotNow(f"PostgreSQL does not do what it is asked ({type(error).__name__}).") from error

    async def close(self) -> None:
        if self._vault is not None:
            await self._vault.close()

    async def _opened(self) -> Vault:
        # One at a time: facts of several journals may ask at once.
        async with self._opening:
            if self._vault is None:
                vault = Vault(self._settings)
                await vault.open()
                self._vault = vault
            return self._vault

    async def _tell(self, vault: Vault, recorded: Recorded) -> None:
        """Mail what a fact says to whom it concerns."""
        drafts = mail.drafts(recorded, self._settings.url)
        if not drafts or _now() - recorded.meta.time > TOLD_WITHIN_MS:
            return
        account_id = mail.account_of(recorded)
        # Another worker may have erased the person.
        person = await vault.newest(account_id)
        if person is None:
            return
        for n, draft in enumerate(drafts):
            try:
                await self._deliver(vault, person, recorded, n, draft)
            except (Undeliverable, Unsealable) as error:
                MAILS.labels("undeliverable").inc()
                log.warning("mail is undeliverable", fact=recorded.meta.id, type=recorded.meta.type, reason=str(error))

    async def _deliver(self, vault: Vault, person: Person, recorded: Recorded, n: int, draft: Draft) -> None:
        """Send a mail, or keep it where none are sent. Raises Undeliverable, Unsealable and NotNow."""
        if draft.proof is not None and draft.proof.until < _now():
            return
        sending = bool(self._settings.smtp_url)
        if sending and await inbox.sent(vault, recorded.meta.id, n):
            return
        to = draft.to or await _address(vault, recorded, draft)
        if to is None:
            return
        token = person.open("proof", draft.proof.sealed) if draft.proof is not None else ""
        opened = Mail(person.open("address", to), draft.subject, draft.text.replace(mail.TOKEN, token))
        if sending:
            await self._send(opened, recorded, n)
            # Killed between these two, it is sent twice; its Message-ID is the same.
            await inbox.note_sent(vault, recorded.meta.id, n)
        else:
            await inbox.keep(vault, person, recorded.meta.id, n, opened._asdict())
        MAILS.labels("sent" if sending else "kept").inc()

    async def _send(self, opened: Mail, recorded: Recorded, n: int) -> None:
        meta = recorded.meta
        message = smtp.message(opened, self._settings.mail_from, f"{meta.id}.{n}", meta.time)
        try:
            await smtp.send(self._settings.smtp_url, message)
        except (aiosmtplib.SMTPException, OSError) as error:
            # What the server said may hold the address.
            told = f"{type(error).__name__} {getattr(error, 'code', '')}".strip()
            raise NotNow(f"The mail server cannot be used ({told}): see ANNAL_SMTP_URL.") from None


async def _address(vault: Vault, recorded: Recorded, draft: Draft) -> str | None:
    """Give the sealed address that an account has, if it has the one that is meant. Raises Undeliverable and NotNow."""
    account_id = mail.account_of(recorded)
    row = await vault.ask(lambda connection: account.find(connection, account_id))
    if row is None:
        if _now() - recorded.meta.time > KNOWN_WITHIN_MS:
            raise Undeliverable("The read models do not know the account.")
        raise NotNow("The read models do not know an account yet: see that `annal project` runs.")
    for held in (row, row["change"]):
        if held is not None and draft.address in (None, held["address"]):
            sealed: str | None = held["sealed_address"]
            return sealed
    return None


def _now() -> int:
    return time.time_ns() // 1_000_000
