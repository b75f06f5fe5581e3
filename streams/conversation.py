"""The forms of conversations: what people say in them is sealed with the key of the person whose conversation it is."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from infra.auth.vault import Erased
from schemas.conversation import Answer as AnswerFor
from schemas.conversation import Channel, Consent, ConversationId, Say
from schemas.message import Outcome
from schemas.problems import Problem
from schemas.rights import RIGHTS
from streams.forms import Answer, Form, Sent, Visit

LONGEST_MESSAGE = 8_000

Words = Annotated[
    str,
    StringConstraints(min_length=1, max_length=LONGEST_MESSAGE, pattern=r"^[^\x00]*$"),
    Field(description="What is said.", examples=["Call invoice-7 Rossi & Sons"]),
]


class Said(Sent):
    conversation_id: ConversationId
    text: Words
    channel: Channel = Field("http", description="Through what it is said.")
    consent: Consent | None = Field(
        None, description="What is said of the proposal that waits, as the conversation shows it.", examples=[None]
    )


class Answered(Sent):
    conversation_id: ConversationId
    text: Words


class Heard(Outcome):
    """An outcome, and which turn of the conversation the message is. The agent answers it in a while."""

    conversation_id: str


async def say(visit: Visit, sent: Said) -> Answer:
    """Say something in one's own conversation. Raises Problem."""
    actor = visit.terms.actor
    sealed = await _sealed(visit, actor.id, sent.text)
    command = Say(
        conversation_id=sent.conversation_id,
        message_id=visit.new_id("message"),
        text=sealed,
        channel=sent.channel,
        consent=sent.consent,
    )
    return Answer(await visit.ask(command, actor), {"conversation_id": sent.conversation_id})


async def answer(visit: Visit, sent: Answered) -> Answer:
    """Answer in the conversation of somebody else, that one has taken over. Raises Problem."""
    owner = await visit.identity.people.talks(sent.conversation_id)
    if owner is None:
        raise Problem("conversation_unknown", "There is no such conversation; take its id from the list of those.")
    sealed = await _sealed(visit, owner, sent.text)
    command = AnswerFor(conversation_id=sent.conversation_id, message_id=visit.new_id("message"), text=sealed)
    return Answer(await visit.ask(command, visit.terms.actor), {"conversation_id": sent.conversation_id})


async def _sealed(visit: Visit, account_id: str, text: str) -> str:
    try:
        return (await visit.identity.vault.person(account_id)).seal("message", text)
    except Erased:
        told = "This account was erased, and nothing is said by it or to it any more."
        raise Problem("account_not_active", told) from None


FORMS: tuple[Form[Any], ...] = (
    Form("conversation.say", Said, RIGHTS[Say], say, Heard),
    Form("conversation.answer", Answered, RIGHTS[AnswerFor], answer, Heard),
)
