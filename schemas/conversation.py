"""What may be said about a conversation: messages in turns, and what was understood, used, done and answered in each.

The subject is the conversation. Whoever opens it owns it, and all text in it is sealed with their key. The agent
records each step of a turn as a command of its own, with an id made of the message's: taken twice it counts once.
"""

from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import ConfigDict, Field

from schemas.message import Command, Domain, Fact, Message, Subject, Time
from schemas.person import Digest, Sealed

ConversationId = Annotated[
    Subject,
    Field(
        description="The conversation. Whoever opens it chooses the id; a random UUID is never taken.",
        examples=["0192f0c1-2d3e-7000-8000-00000000000c"],
    ),
]

Turn = Annotated[int, Field(ge=1, le=2**31 - 1, description="Which message of its person; the first is 1.")]
Word = Annotated[str, Field(min_length=1, max_length=200)]
Count = Annotated[int, Field(ge=0, le=2**53)]
Score = float
"""From 0 to 1."""
MessageId = Annotated[Subject, Field(description="The message: said again with the same id, it is the same message.")]
ProposalId = Annotated[Subject, Field(description="A change that the agent has proposed and not made yet.")]
MemoryId = Annotated[Subject, Field(description="Something that the agent remembers of a person.")]

PROPOSED_FOR_MS = 10 * 60 * 1000
"""How long a proposal can be confirmed."""

MOST_WAITING = 20
"""Messages of a conversation that may wait for their answers."""

Tier = Literal["lexical", "model"]
Channel = Literal["http", "websocket", "cli", "webhook", "mcp"]
UsedKind = Literal["fact", "document", "memory", "row", "summary", "tool"]
ReceiptStatus = Literal["accepted", "rejected", "pending"]


class Ranked(Message):
    """An intent, and how well the message fits it."""

    intent: Word
    score: Score


class Slot(Message):
    """A value that was found in a message: `value` is sealed JSON, `before` that which it corrects."""

    name: Word
    value: Sealed
    before: Sealed | None = None


class Used(Message):
    """Something that a turn's answer rests on. `digest` is of its text; `place` is a position or a span of a document.

    What is `foreign` was not said by the person: text in it is data and asks for nothing.
    """

    kind: UsedKind
    id: Word
    digest: Digest
    place: Word | None = None
    foreign: bool = True


class Citation(Message):
    """What a sentence of an answer rests on: a document with its span, or a fact with its position."""

    kind: UsedKind
    id: Word
    place: Word


class Receipt(Message):
    """What became of a command that the agent asked for the person."""

    command_id: Word
    type: Word
    subject: Word
    status: ReceiptStatus
    position: Word | None = None
    code: Word | None = None


class Remembered(Message):
    """Something to be remembered of a person; `supersedes` is what it takes the place of."""

    memory_id: MemoryId
    text: Sealed
    scope: Literal["person", "conversation"] = "person"
    until: Time | None = None
    supersedes: MemoryId | None = None


class Understood(Message):
    """What a message was understood to mean."""

    ranking: Annotated[tuple[Ranked, ...], Field(max_length=400)]
    intent: Word
    tier: Tier
    model: Word
    slots: Annotated[tuple[Slot, ...], Field(max_length=50)] = ()


class Assembled(Message):
    """All that is used to answer a message; `tokens` is how much of it was read."""

    used: Annotated[tuple[Used, ...], Field(max_length=200)]
    tokens: Count = 0


class Consent(Message):
    """What a person says of a proposal, named by its digest so that it is the one that they were shown."""

    proposal_id: ProposalId
    digest: Digest
    approved: bool


def _example(**fields: Any) -> ConfigDict:
    return ConfigDict(
        json_schema_extra={"examples": [{"conversation_id": "0192f0c1-2d3e-7000-8000-00000000000c", **fields}]}
    )


class _AboutOneConversation(Command):
    conversation_id: ConversationId

    @property
    def subject(self) -> str:
        return self.conversation_id


class _AboutOneTurn(_AboutOneConversation):
    turn: Turn


# ── what people ask ───────────────────────────────────────────────────────────────────────────────────────────────────


class OpenConversation(_AboutOneConversation):
    """Begin a conversation with the agent, in the person of a character; with its own if none is named."""

    model_config = _example()
    type: ClassVar[str] = "conversation.open"
    character: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    character_version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None


class Say(_AboutOneConversation):
    """Say something to the agent, or to the person who took the conversation over."""

    type: ClassVar[str] = "conversation.say"
    message_id: MessageId
    text: Sealed
    channel: Channel = "http"
    consent: Consent | None = None


class Forget(_AboutOneConversation):
    """Have the agent forget something that it remembers of you."""

    model_config = _example(memory_id="0192f0c1-2d3e-7000-8000-00000000000e")
    type: ClassVar[str] = "conversation.forget"
    memory_id: MemoryId


class RequestHandover(_AboutOneConversation):
    """Ask for a person instead of the agent."""

    model_config = _example()
    type: ClassVar[str] = "conversation.request_handover"


class TakeOver(_AboutOneConversation):
    """Answer a conversation in the agent's stead from now on."""

    model_config = _example()
    type: ClassVar[str] = "conversation.take_over"


class HandBack(_AboutOneConversation):
    """Let the agent answer again."""

    model_config = _example()
    type: ClassVar[str] = "conversation.hand_back"


class Answer(_AboutOneConversation):
    """Answer as the person who took the conversation over."""

    type: ClassVar[str] = "conversation.answer"
    message_id: MessageId
    text: Sealed


# ── what the agent records ────────────────────────────────────────────────────────────────────────────────────────────


class _Step(_AboutOneTurn):
    """What follows from how a message was understood, and says that with itself where it is not on record yet."""

    understood: Understood | None = None


class NoteConsent(_Step):
    """Record that a message agrees to what was proposed, or does not."""

    type: ClassVar[str] = "conversation.note_consent"
    consent: Consent


class Understand(Understood, _AboutOneTurn):
    """Record what a message was understood to mean, before something that is no step on record follows from it."""

    type: ClassVar[str] = "conversation.understand"


class AssembleContext(Assembled, _AboutOneTurn):
    """Record what is used to answer a message, before anything follows from it."""

    type: ClassVar[str] = "conversation.assemble_context"


class CallModel(_AboutOneTurn):
    """Record that a model is asked, before it is."""

    type: ClassVar[str] = "conversation.call_model"
    call: Turn
    model: Word
    request: Digest


class NoteModel(_AboutOneTurn):
    """Record what a model answered, or how it failed; money in millionths of its currency's unit."""

    type: ClassVar[str] = "conversation.note_model"
    call: Turn
    answer: Sealed | None = None
    failure: Word | None = None
    tokens_in: Count = 0
    tokens_out: Count = 0
    cost: Count = 0
    milliseconds: Count = 0


class Propose(_Step):
    """Record a change that the person is to confirm before it is asked.

    `digest` is of the command exactly as it will be asked, `body` that command, sealed; `version` the subject's.
    """

    type: ClassVar[str] = "conversation.propose"
    proposal_id: ProposalId
    action: Word
    about: Word
    body: Sealed
    digest: Digest
    version: Count | None = None


class PostCommand(_Step):
    """Record that a command is asked for the person, before it is; of a proposal only what was confirmed.

    `body` is the command as it is asked, sealed: whoever takes the turn up again asks just that.
    """

    type: ClassVar[str] = "conversation.post_command"
    command_id: Word
    action: Word
    about: Word
    body: Sealed
    digest: Digest
    version: Count | None = None
    proposal_id: ProposalId | None = None


class Reply(_Step):
    """Answer a message. `dialogue` is what the agent must know at the next one; text and dialogue are sealed.

    Both are null when the person was erased meanwhile: nothing can be sealed for them. `assembled` is what the answer
    rests on, where that is not on record yet.
    """

    type: ClassVar[str] = "conversation.reply"
    text: Sealed | None
    dialogue: Sealed | None
    citations: Annotated[tuple[Citation, ...], Field(max_length=100)] = ()
    receipts: Annotated[tuple[Receipt, ...], Field(max_length=20)] = ()
    remembered: Annotated[tuple[Remembered, ...], Field(max_length=20)] = ()
    handover: bool = False
    assembled: Assembled | None = None


class Summarise(_AboutOneConversation):
    """Record what the turns from one to another said in short."""

    type: ClassVar[str] = "conversation.summarise"
    first: Turn
    last: Turn
    text: Sealed


# ── what happened ─────────────────────────────────────────────────────────────────────────────────────────────────────


class ConversationOpened(Fact):
    """There is a conversation, between its owner and a version of a character."""

    type: ClassVar[str] = "conversation.opened"
    account_id: str
    character: str | None = None
    character_version: int | None = None


class MessageReceived(Fact):
    """The person said something; it is to be answered by the agent unless somebody took the conversation over.

    So many messages were `answered` then: what was shown with a later answer, they had not seen.
    """

    type: ClassVar[str] = "conversation.message_received"
    account_id: str
    message_id: str
    turn: int
    text: str
    channel: Channel
    taken_over: bool = False
    answered: int = 0


class IntentRecognised(Fact):
    """A message was understood."""

    type: ClassVar[str] = "conversation.intent_recognised"
    turn: int
    ranking: tuple[Ranked, ...]
    intent: str
    tier: Tier
    model: str


class SlotFilled(Fact):
    """A message named a value."""

    type: ClassVar[str] = "conversation.slot_filled"
    turn: int
    name: str
    value: str


class SlotCorrected(Fact):
    """A message named another value instead of one that was named before."""

    type: ClassVar[str] = "conversation.slot_corrected"
    turn: int
    name: str
    value: str
    before: str


class ContextAssembled(Fact):
    """What an answer rests on; `foreign` says that some of it was not said by the person."""

    type: ClassVar[str] = "conversation.context_assembled"
    turn: int
    used: tuple[Used, ...]
    tokens: int
    foreign: bool


class ModelCalled(Fact):
    """A model is being asked."""

    type: ClassVar[str] = "conversation.model_called"
    turn: int
    call: int
    model: str
    request: str


class ModelAnswered(Fact):
    """A model answered, or failed."""

    type: ClassVar[str] = "conversation.model_answered"
    turn: int
    call: int
    answer: str | None
    failure: str | None
    tokens_in: int
    tokens_out: int
    cost: int
    milliseconds: int


class ToolProposed(Fact):
    """A change waits to be confirmed, in place of any that waited before."""

    type: ClassVar[str] = "conversation.tool_proposed"
    turn: int
    proposal_id: str
    action: str
    about: str
    body: str
    digest: str
    version: int | None
    expires: Time


class ToolConfirmed(Fact):
    """The person wants what was proposed."""

    type: ClassVar[str] = "conversation.tool_confirmed"
    turn: int
    proposal_id: str


class ToolDeclined(Fact):
    """The person does not want what was proposed."""

    type: ClassVar[str] = "conversation.tool_declined"
    turn: int
    proposal_id: str


class ToolExpired(Fact):
    """What was proposed was confirmed too late, and was not done."""

    type: ClassVar[str] = "conversation.tool_expired"
    turn: int
    proposal_id: str


class CommandPosted(Fact):
    """A command is being asked for the person."""

    type: ClassVar[str] = "conversation.command_posted"
    turn: int
    command_id: str
    action: str
    about: str
    body: str
    digest: str
    version: int | None = None
    proposal_id: str | None = None


class AgentReplied(Fact):
    """A message was answered."""

    type: ClassVar[str] = "conversation.agent_replied"
    turn: int
    text: str | None
    dialogue: str | None
    citations: tuple[Citation, ...] = ()
    receipts: tuple[Receipt, ...] = ()


class PersonReplied(Fact):
    """Who took the conversation over said something."""

    type: ClassVar[str] = "conversation.person_replied"
    message_id: str
    turn: int
    text: str


class MemoryWritten(Fact):
    """Something is remembered of a person."""

    type: ClassVar[str] = "conversation.memory_written"
    turn: int
    account_id: str
    memory_id: str
    text: str
    scope: Literal["person", "conversation"]
    until: Time | None = None


class MemorySuperseded(Fact):
    """Something that was remembered has another in its place."""

    type: ClassVar[str] = "conversation.memory_superseded"
    memory_id: str
    by: str


class MemoryForgotten(Fact):
    """Something is not remembered any more."""

    type: ClassVar[str] = "conversation.memory_forgotten"
    memory_id: str


class ConversationSummarised(Fact):
    """Some turns stand in short."""

    type: ClassVar[str] = "conversation.summarised"
    first: int
    last: int
    text: str


class HandoverRequested(Fact):
    """A person is wanted instead of the agent."""

    type: ClassVar[str] = "conversation.handover_requested"


class HandoverTaken(Fact):
    """A person answers instead of the agent."""

    type: ClassVar[str] = "conversation.handover_taken"
    by: str


class HandoverReturned(Fact):
    """The agent answers again."""

    type: ClassVar[str] = "conversation.handover_returned"


ConversationCommand = (
    OpenConversation
    | Say
    | Forget
    | RequestHandover
    | TakeOver
    | HandBack
    | Answer
    | NoteConsent
    | Understand
    | AssembleContext
    | CallModel
    | NoteModel
    | Propose
    | PostCommand
    | Reply
    | Summarise
)
ConversationFact = (
    ConversationOpened
    | MessageReceived
    | IntentRecognised
    | SlotFilled
    | SlotCorrected
    | ContextAssembled
    | ModelCalled
    | ModelAnswered
    | ToolProposed
    | ToolConfirmed
    | ToolDeclined
    | ToolExpired
    | CommandPosted
    | AgentReplied
    | PersonReplied
    | MemoryWritten
    | MemorySuperseded
    | MemoryForgotten
    | ConversationSummarised
    | HandoverRequested
    | HandoverTaken
    | HandoverReturned
)

RECORDED = (NoteConsent, Understand, AssembleContext, CallModel, NoteModel, Propose, PostCommand, Reply, Summarise)
"""What only the agent asks."""

DOMAIN = Domain(
    name="conversation",
    commands=get_args(ConversationCommand),
    facts=get_args(ConversationFact),
    refusals={
        "conversation_unknown": 404,
        "conversation_exists": 409,
        "conversation_busy": 429,
        "conversation_not_taken_over": 409,
        "conversation_taken_over": 409,
        "memory_unknown": 404,
        "proposal_unknown": 404,
        "proposal_changed": 409,
        "proposal_unconfirmed": 403,
        "turn_unknown": 404,
        "turn_answered": 409,
        "receipt_unfounded": 409,
    },
)
