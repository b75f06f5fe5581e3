"""The form of characters: loading one. What is secret in its document goes into the vault before anything is asked."""

from typing import Any

from pydantic import Field

from infra.auth import characters
from schemas.character import CharacterId, Document, Files, LoadCharacter, id_of
from schemas.concealing import concealed
from schemas.message import Outcome
from schemas.rights import RIGHTS
from streams.behalf import asker
from streams.forms import Answer, Form, Sent, Visit
from streams.request import BODY_BYTES


class CharacterFile(Sent):
    document: Document
    files: Files = Field(default_factory=dict)
    character_id: CharacterId | None = Field(
        None, description="Under which id; left out, the document's `id`, or one made of its name.", examples=[None]
    )


class OfCharacter(Outcome):
    """An outcome, and which character it is about."""

    character_id: str


async def load(visit: Visit, sent: CharacterFile) -> Answer:
    """Load a character, or its next version."""
    vault, character_id = visit.identity.vault, sent.character_id or id_of(sent.document)
    document, secrets = concealed(sent.document, await characters.referring(vault, character_id))
    command = LoadCharacter(character_id=character_id, document=document, files=sent.files)
    actor = await asker(visit.identity.people, visit.terms.caller, command)
    # Before the command is: a fact never refers to what is not there.
    await characters.keep(vault, await vault.person(actor.on_behalf_of or actor.id), character_id, secrets)
    return Answer(await visit.ask(command, actor), {"character_id": character_id})


FORMS: tuple[Form[Any], ...] = (
    Form("character.load", CharacterFile, RIGHTS[LoadCharacter], load, OfCharacter, BODY_BYTES),
)
