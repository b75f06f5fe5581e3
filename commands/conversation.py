"""The rules of conversations: each message is answered once, and nothing is done that its person did not ask for.

The owner speaks; the agent records the steps of the oldest message that has no answer, on the owner's behalf. What the
agent proposed it may ask only as it was confirmed; once a turn rests on text that the person did not say, it may ask
nothing else. It may tell of no command that it did not ask.
"""

from msgspec import Struct
from msgspec.structs import replace

from commands.decider import Asking, Decider, Refused
from schemas.conversation import (
    MOST_WAITING,
    PROPOSED_FOR_MS,
    AgentReplied,
    Answer,
    AssembleContext,
    Assembled,
    CallModel,
    CommandPosted,
    Consent,
    ContextAssembled,
    ConversationCommand,
    ConversationFact,
    ConversationOpened,
    ConversationSummarised,
    Forget,
    HandBack,
    HandoverRequested,
    HandoverReturned,
    HandoverTaken,
    IntentRecognised,
    MemoryForgotten,
    MemorySuperseded,
    MemoryWritten,
    MessageReceived,
    ModelAnswered,
    ModelCalled,
    NoteConsent,
    NoteModel,
    OpenConversation,
    PersonReplied,
    PostCommand,
    Propose,
    Reply,
    RequestHandover,
    Say,
    Slot,
    SlotCorrected,
    SlotFilled,
    Summarise,
    TakeOver,
    ToolConfirmed,
    ToolDeclined,
    ToolExpired,
    ToolProposed,
    Understand,
    Understood,
)


class Proposal(Struct, frozen=True, gc=False):
    """A change that waits to be confirmed, or was."""

    proposal_id: str
    digest: str
    expires: int
    confirmed: bool = False


class Conversation(Struct, frozen=True, gc=False):
    """A conversation, absent while it has no owner.

    Of `turn` messages the first `answered` need no answer any more; what is said of the next one, the current, is how
    far its steps were recorded. `message_id` and `answer_id` are those of the newest message of the person, and of who
    answers for the agent; `summarised` is the last turn that stands in short. `requested` says that a person is wanted,
    and `taken_by` who answers for the agent.
    """

    owner: str = ""
    character: tuple[str | None, int | None] = (None, None)
    turn: int = 0
    answered: int = 0
    understood: bool = False
    foreign: bool = False
    called: int = 0
    noted: int = 0
    posted: tuple[str, ...] = ()
    proposal: Proposal | None = None
    memories: tuple[str, ...] = ()
    message_id: str = ""
    answer_id: str = ""
    assembled: bool = False
    summarised: int = 0
    requested: bool = False
    taken_by: str = ""


# ── decide ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def decide(  # noqa: C901, PLR0911, PLR0912 - one line for each command
    conversation: Conversation, command: ConversationCommand, asking: Asking
) -> list[ConversationFact]:
    match command:
        case OpenConversation():
            return _open(conversation, command, asking)
        case Say():
            return _say(_owned(conversation, asking), command, asking)
        case Forget():
            return [_forgotten(_owned(conversation, asking), command.memory_id)]
        case RequestHandover():
            return [] if _owned(conversation, asking).requested else [HandoverRequested()]
        case TakeOver():
            return _take_over(_there(conversation), asking)
        case HandBack():
            return [HandoverReturned()] if _there(conversation).taken_by else []
        case Answer():
            return _answer(_there(conversation), command, asking)
        case Summarise():
            return _summarise(_there(conversation), command)
        case Understand():
            return _understand(_current(conversation, command.turn), command.turn, command)
        case AssembleContext():
            return _assemble(_current(conversation, command.turn), command.turn, command)
        case CallModel():
            return _call(_current(conversation, command.turn), command)
        case NoteModel():
            return _note(_current(conversation, command.turn), command)
        case NoteConsent() | Propose() | PostCommand() | Reply():
            current = _current(conversation, command.turn)
            return [*_understand(current, command.turn, command.understood), *_step(current, command, asking.time)]


def _step(
    conversation: Conversation, command: NoteConsent | Propose | PostCommand | Reply, time: int
) -> list[ConversationFact]:
    match command:
        case NoteConsent():
            return _consent(conversation, command.turn, command.consent, time)
        case Propose():
            return _propose(conversation, command, time)
        case PostCommand():
            return _post(conversation, command)
        case Reply():
            return [*_assemble(conversation, command.turn, command.assembled), *_reply(conversation, command)]


def _there(conversation: Conversation) -> Conversation:
    if not conversation.owner:
        raise _unknown()
    return conversation


def _owned(conversation: Conversation, asking: Asking) -> Conversation:
    if not conversation.owner or not asking.by(conversation.owner):
        raise _unknown()
    return conversation


def _current(conversation: Conversation, turn: int) -> Conversation:
    if turn > _there(conversation).turn:
        raise Refused("turn_unknown", f"The conversation has {conversation.turn} messages; answer one of them.")
    if turn <= conversation.answered:
        raise Refused("turn_answered", f"Message {turn} needs no answer any more; go on with the next.")
    if turn > conversation.answered + 1:
        raise Refused(
            "turn_unknown", f"Message {conversation.answered + 1} comes first; messages are answered in order."
        )
    return conversation


def _open(conversation: Conversation, command: OpenConversation, asking: Asking) -> list[ConversationFact]:
    character = (command.character, command.character_version)
    if not conversation.owner:
        return [ConversationOpened(account_id=asking.actor.id, character=character[0], character_version=character[1])]
    if asking.by(conversation.owner) and character == conversation.character:
        return []
    raise Refused("conversation_exists", "This id is taken; open a conversation of another random UUID.")


def _say(conversation: Conversation, command: Say, asking: Asking) -> list[ConversationFact]:
    if command.message_id == conversation.message_id:
        return []
    if conversation.turn - conversation.answered >= MOST_WAITING:
        raise Refused("conversation_busy", f"{MOST_WAITING} messages wait for their answers; wait for one of them.")
    turn = conversation.turn + 1
    said = MessageReceived(
        account_id=conversation.owner,
        message_id=command.message_id,
        turn=turn,
        text=command.text,
        channel=command.channel,
        taken_over=bool(conversation.taken_by),
        answered=conversation.answered,
    )
    if command.consent is None or conversation.taken_by:
        return [said]
    return [said, *_consent(conversation, turn, command.consent, asking.time)]


def _consent(conversation: Conversation, turn: int, consent: Consent, time: int) -> list[ConversationFact]:
    proposal = conversation.proposal
    if proposal is None or proposal.proposal_id != consent.proposal_id:
        raise Refused("proposal_unknown", "Nothing of this id waits to be confirmed; ask for it again.")
    if proposal.digest != consent.digest:
        raise Refused("proposal_changed", "This is not what was proposed; look at it again and confirm that.")
    if proposal.confirmed:
        return []
    if not consent.approved:
        return [ToolDeclined(turn=turn, proposal_id=proposal.proposal_id)]
    if time > proposal.expires:
        return [ToolExpired(turn=turn, proposal_id=proposal.proposal_id)]
    return [ToolConfirmed(turn=turn, proposal_id=proposal.proposal_id)]


def _understand(conversation: Conversation, turn: int, understood: Understood | None) -> list[ConversationFact]:
    if understood is None or conversation.understood:
        return []
    return [
        IntentRecognised(
            turn=turn,
            ranking=understood.ranking,
            intent=understood.intent,
            tier=understood.tier,
            model=understood.model,
        ),
        *(_slot(turn, slot) for slot in understood.slots),
    ]


def _slot(turn: int, slot: Slot) -> ConversationFact:
    if slot.before is None:
        return SlotFilled(turn=turn, name=slot.name, value=slot.value)
    return SlotCorrected(turn=turn, name=slot.name, value=slot.value, before=slot.before)


def _assemble(conversation: Conversation, turn: int, assembled: Assembled | None) -> list[ConversationFact]:
    if assembled is None or conversation.assembled:
        return []
    foreign = any(used.foreign for used in assembled.used)
    return [ContextAssembled(turn=turn, used=assembled.used, tokens=assembled.tokens, foreign=foreign)]


def _call(conversation: Conversation, command: CallModel) -> list[ConversationFact]:
    if command.call <= conversation.called:
        return []
    return [ModelCalled(turn=command.turn, call=command.call, model=command.model, request=command.request)]


def _note(conversation: Conversation, command: NoteModel) -> list[ConversationFact]:
    if command.call <= conversation.noted:
        return []
    return [
        ModelAnswered(
            turn=command.turn,
            call=command.call,
            answer=command.answer,
            failure=command.failure,
            tokens_in=command.tokens_in,
            tokens_out=command.tokens_out,
            cost=command.cost,
            milliseconds=command.milliseconds,
        )
    ]


def _propose(conversation: Conversation, command: Propose, time: int) -> list[ConversationFact]:
    before = conversation.proposal
    if before is not None and before.proposal_id == command.proposal_id:
        return []
    return [
        ToolProposed(
            turn=command.turn,
            proposal_id=command.proposal_id,
            action=command.action,
            about=command.about,
            body=command.body,
            digest=command.digest,
            version=command.version,
            expires=time + PROPOSED_FOR_MS,
        )
    ]


def _post(conversation: Conversation, command: PostCommand) -> list[ConversationFact]:
    if command.command_id in conversation.posted:
        return []
    proposal = conversation.proposal
    if command.proposal_id is None and conversation.foreign:
        told = "This turn rests on text that the person did not say; propose the change, and have it confirmed."
        raise Refused("proposal_unconfirmed", told)
    if command.proposal_id is not None:
        if proposal is None or proposal.proposal_id != command.proposal_id or not proposal.confirmed:
            raise Refused("proposal_unconfirmed", "The person has not confirmed this; ask them.")
        if proposal.digest != command.digest:
            raise Refused("proposal_changed", "This is not what the person confirmed; propose it anew.")
    return [
        CommandPosted(
            turn=command.turn,
            command_id=command.command_id,
            action=command.action,
            about=command.about,
            body=command.body,
            digest=command.digest,
            version=command.version,
            proposal_id=command.proposal_id,
        )
    ]


def _reply(conversation: Conversation, command: Reply) -> list[ConversationFact]:
    for receipt in command.receipts:
        if receipt.command_id not in conversation.posted:
            raise Refused("receipt_unfounded", f"Command {receipt.command_id} was not asked in this turn.")
    remembered: list[ConversationFact] = []
    for each in command.remembered:
        if each.supersedes is not None:
            _forgotten(conversation, each.supersedes)
            remembered.append(MemorySuperseded(memory_id=each.supersedes, by=each.memory_id))
        remembered.append(
            MemoryWritten(
                turn=command.turn,
                account_id=conversation.owner,
                memory_id=each.memory_id,
                text=each.text,
                scope=each.scope,
                until=each.until,
            )
        )
    wanted = [HandoverRequested()] if command.handover and not conversation.requested else []
    replied = AgentReplied(
        turn=command.turn,
        text=command.text,
        dialogue=command.dialogue,
        citations=command.citations,
        receipts=command.receipts,
    )
    return [replied, *remembered, *wanted]


def _forgotten(conversation: Conversation, memory_id: str) -> MemoryForgotten:
    if memory_id not in conversation.memories:
        raise Refused("memory_unknown", "Nothing of this id is remembered here; take it from the list of memories.")
    return MemoryForgotten(memory_id=memory_id)


def _take_over(conversation: Conversation, asking: Asking) -> list[ConversationFact]:
    if conversation.taken_by and conversation.taken_by != asking.actor.id:
        raise Refused("conversation_taken_over", "Somebody else answers here; ask them to hand it back first.")
    return [] if conversation.taken_by else [HandoverTaken(by=asking.actor.id)]


def _answer(conversation: Conversation, command: Answer, asking: Asking) -> list[ConversationFact]:
    if not conversation.taken_by or conversation.taken_by != asking.actor.id:
        raise Refused("conversation_not_taken_over", "Take the conversation over before you answer in it.")
    if command.message_id == conversation.answer_id:
        return []
    return [PersonReplied(message_id=command.message_id, turn=conversation.turn, text=command.text)]


def _summarise(conversation: Conversation, command: Summarise) -> list[ConversationFact]:
    if command.last <= conversation.summarised:
        return []
    if not command.first <= command.last <= conversation.answered:
        raise Refused("turn_unknown", "Summarise turns that were answered, from an earlier to a later one.")
    return [ConversationSummarised(first=command.first, last=command.last, text=command.text)]


def _unknown() -> Refused:
    return Refused("conversation_unknown", "You have no such conversation; open one with conversation.open.")


# ── evolve ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def evolve(conversation: Conversation, fact: ConversationFact) -> Conversation:  # noqa: C901, PLR0911, PLR0912 - one line for each fact
    match fact:
        case ConversationOpened():
            return Conversation(owner=fact.account_id, character=(fact.character, fact.character_version))
        case MessageReceived():
            said = replace(conversation, turn=fact.turn, message_id=fact.message_id)
            return _settled(said, fact.turn) if fact.taken_over else said
        case IntentRecognised():
            return replace(conversation, understood=True)
        case ContextAssembled():
            return replace(conversation, assembled=True, foreign=fact.foreign)
        case ModelCalled():
            return replace(conversation, called=fact.call)
        case ModelAnswered():
            return replace(conversation, noted=fact.call)
        case ToolProposed():
            return replace(conversation, proposal=Proposal(fact.proposal_id, fact.digest, fact.expires))
        case ToolConfirmed():
            return replace(conversation, proposal=_confirmed(conversation.proposal))
        case ToolDeclined() | ToolExpired():
            return replace(conversation, proposal=None)
        case CommandPosted():
            proposal = None if fact.proposal_id is not None else conversation.proposal
            return replace(conversation, posted=(*conversation.posted, fact.command_id), proposal=proposal)
        case AgentReplied():
            return _settled(conversation, fact.turn)
        case MemoryWritten():
            return replace(conversation, memories=(*conversation.memories, fact.memory_id))
        case MemorySuperseded() | MemoryForgotten():
            kept = tuple(each for each in conversation.memories if each != fact.memory_id)
            return replace(conversation, memories=kept)
        case HandoverRequested():
            return replace(conversation, requested=True)
        case HandoverTaken():
            return replace(_settled(conversation, conversation.turn), taken_by=fact.by, proposal=None)
        case HandoverReturned():
            return replace(conversation, taken_by="", requested=False)
        case PersonReplied():
            return replace(conversation, answer_id=fact.message_id)
        case ConversationSummarised():
            return replace(conversation, summarised=fact.last)
        case SlotFilled() | SlotCorrected():
            return conversation


def _settled(conversation: Conversation, turn: int) -> Conversation:
    """No more is to be done for the messages up to this turn."""
    return replace(
        conversation, answered=turn, understood=False, assembled=False, foreign=False, called=0, noted=0, posted=()
    )


def _confirmed(proposal: Proposal | None) -> Proposal | None:
    return replace(proposal, confirmed=True) if proposal is not None else None


decider = Decider(Conversation(), decide, evolve)
