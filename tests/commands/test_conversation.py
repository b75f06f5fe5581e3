"""What may be said in a conversation, and what the agent may record of it."""

from typing import Any

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
    Ranked,
    Receipt,
    Remembered,
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
    Used,
)
from tests.given import given

NOW = 1_800_000_000_000
TEXT, BODY, STATE = "dGV4dA", "Ym9keQ", "c3RhdGU"
DIGEST, OTHER = "ab" * 32, "cd" * 32

opened = ConversationOpened(account_id="alice")
confirmed = ToolConfirmed(turn=2, proposal_id="p")


def received(turn: int, *, taken_over: bool = False, answered: int = 0) -> MessageReceived:
    said = {"account_id": "alice", "message_id": f"m{turn}", "turn": turn, "text": TEXT, "channel": "http"}
    return MessageReceived(**said, taken_over=taken_over, answered=answered)


def replied(turn: int, **more: Any) -> AgentReplied:
    return AgentReplied(turn=turn, text=TEXT, dialogue=STATE, **more)


def proposed(turn: int, proposal_id: str = "p") -> ToolProposed:
    return ToolProposed(
        turn=turn,
        proposal_id=proposal_id,
        action="resource.trash",
        about="invoice-7",
        body=BODY,
        digest=DIGEST,
        version=3,
        expires=NOW + PROPOSED_FOR_MS,
    )


def posted(turn: int, proposal_id: str | None = None) -> CommandPosted:
    return CommandPosted(
        turn=turn,
        command_id="c",
        action="resource.trash",
        about="invoice-7",
        body=BODY,
        digest=DIGEST,
        version=3,
        proposal_id=proposal_id,
    )


def remembered(memory_id: str, turn: int = 1) -> MemoryWritten:
    return MemoryWritten(turn=turn, account_id="alice", memory_id=memory_id, text=TEXT, scope="person")


def say(message_id: str, consent: Consent | None = None) -> Say:
    return Say(conversation_id="talk", message_id=message_id, text=TEXT, consent=consent)


def reply(turn: int, **more: Any) -> Reply:
    return Reply(conversation_id="talk", turn=turn, text=TEXT, dialogue=STATE, **more)


def post(turn: int, proposal_id: str | None = None, digest: str = DIGEST, **more: Any) -> PostCommand:
    return PostCommand(
        conversation_id="talk",
        turn=turn,
        command_id="c",
        action="resource.trash",
        about="invoice-7",
        body=BODY,
        digest=digest,
        version=3,
        proposal_id=proposal_id,
        **more,
    )


def consent(*, approved: bool = True, digest: str = DIGEST, proposal_id: str = "p") -> Consent:
    return Consent(proposal_id=proposal_id, digest=digest, approved=approved)


def note(said: Consent, turn: int = 2) -> NoteConsent:
    return NoteConsent(conversation_id="talk", turn=turn, consent=said)


# ── beginning, and saying something ───────────────────────────────────────────────────────────────────────────────────


def test_whoever_opens_a_conversation_owns_it() -> None:
    given().when(OpenConversation(conversation_id="talk")).then(opened)


def test_a_conversation_is_opened_with_a_version_of_a_character() -> None:
    open_ = OpenConversation(conversation_id="talk", character="ada", character_version=2)
    given().when(open_).then(ConversationOpened(account_id="alice", character="ada", character_version=2))


def test_nobody_opens_the_conversation_of_another() -> None:
    given(opened).when(OpenConversation(conversation_id="talk"), by="bob").refused("conversation_exists")


def test_a_message_is_a_turn() -> None:
    given(opened).when(say("m1")).then(received(1))


def test_a_message_that_is_sent_twice_is_one() -> None:
    given(opened, received(1)).when(say("m1")).quiet()


def test_only_the_owner_speaks() -> None:
    given(opened).when(say("m1"), by="bob").refused("conversation_unknown")
    given().when(say("m1")).refused("conversation_unknown")


def test_so_many_messages_wait_and_no_more() -> None:
    waiting = [received(turn) for turn in range(1, MOST_WAITING + 1)]
    given(opened, *waiting).when(say("more")).refused("conversation_busy")
    given(opened, *waiting, replied(1)).when(say(f"m{MOST_WAITING + 1}")).then(received(MOST_WAITING + 1, answered=1))


# ── one message, one answer ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_message_is_answered_once() -> None:
    given(opened, received(1)).when(reply(1), by="agent", behalf="alice").decided()
    given(opened, received(1), replied(1)).when(reply(1), by="agent", behalf="alice").refused("turn_answered")


def test_messages_are_answered_in_their_order() -> None:
    given(opened, received(1), received(2)).when(reply(2)).refused("turn_unknown", saying="Message 1")


def test_what_was_not_said_is_not_answered() -> None:
    given(opened, received(1), replied(1)).when(reply(2)).refused("turn_unknown")
    given().when(reply(1)).refused("conversation_unknown")


def test_a_message_is_understood_once_with_all_that_it_names() -> None:
    understand = Understand(
        conversation_id="talk",
        turn=1,
        ranking=(Ranked(intent="resource.rename", score=0.9),),
        intent="resource.rename",
        tier="lexical",
        model="m",
        slots=(Slot(name="name", value=BODY), Slot(name="resource_id", value=BODY, before=TEXT)),
    )
    recognised = IntentRecognised(
        turn=1, ranking=understand.ranking, intent="resource.rename", tier="lexical", model="m"
    )
    given(opened, received(1)).when(understand).then(
        recognised,
        SlotFilled(turn=1, name="name", value=BODY),
        SlotCorrected(turn=1, name="resource_id", value=BODY, before=TEXT),
    )


def test_how_a_message_was_understood_goes_on_record_with_what_follows_once() -> None:
    understood = Understood(
        ranking=(Ranked(intent="resource.rename", score=0.9),),
        intent="resource.rename",
        tier="lexical",
        model="m",
        slots=(Slot(name="name", value=BODY),),
    )
    recognised = IntentRecognised(
        turn=1, ranking=understood.ranking, intent="resource.rename", tier="lexical", model="m"
    )
    known = (recognised, SlotFilled(turn=1, name="name", value=BODY))
    used = Used(kind="row", id="r", digest=DIGEST)
    said = reply(1, understood=understood, assembled=Assembled(used=(used,), tokens=9))
    assembled = ContextAssembled(turn=1, used=(used,), tokens=9, foreign=True)
    given(opened, received(1)).when(post(1, understood=understood)).then(*known, posted(1))
    given(opened, received(1), *known, posted(1)).when(post(1, understood=understood)).then()
    assert given(opened, received(1)).when(said).decided()[1] == [*known, assembled, replied(1)]
    assert given(opened, received(1), *known, assembled).when(said).decided()[1] == [replied(1)]


def test_a_step_that_is_refused_says_nothing_of_how_it_was_understood() -> None:
    understood = Understood(ranking=(), intent="talk.help", tier="lexical", model="m")
    given(opened, received(1)).when(post(1, "p", understood=understood)).refused("proposal_unconfirmed")


def test_a_call_whose_answer_is_recorded_is_not_made_again() -> None:
    call = CallModel(conversation_id="talk", turn=1, call=1, model="m", request=DIGEST)
    called = ModelCalled(turn=1, call=1, model="m", request=DIGEST)
    noted = NoteModel(
        conversation_id="talk", turn=1, call=1, answer=TEXT, tokens_in=3, tokens_out=5, cost=8, milliseconds=9
    )
    answered = ModelAnswered(
        turn=1, call=1, answer=TEXT, failure=None, tokens_in=3, tokens_out=5, cost=8, milliseconds=9
    )
    given(opened, received(1)).when(call).then(called)
    given(opened, received(1), called).when(noted).then(answered)
    given(opened, received(1), called, answered).when(call).quiet()


# ── what the person did not ask for is not done ───────────────────────────────────────────────────────────────────────


def test_what_is_proposed_expires() -> None:
    propose = Propose(
        conversation_id="talk",
        turn=1,
        proposal_id="p",
        action="resource.trash",
        about="invoice-7",
        body=BODY,
        digest=DIGEST,
        version=3,
    )
    given(opened, received(1)).when(propose, at=NOW).then(proposed(1))


def test_a_proposal_is_confirmed_by_what_is_said() -> None:
    before = (opened, received(1), proposed(1), replied(1), received(2))
    given(*before).when(note(consent()), at=NOW).then(confirmed)
    given(*before[:-1]).when(say("m2", consent()), at=NOW).then(received(2, answered=1), confirmed)


def test_a_proposal_that_is_declined_is_gone() -> None:
    before = (opened, received(1), proposed(1), replied(1), received(2))
    _, decided = given(*before).when(note(consent(approved=False)), at=NOW).decided()
    assert decided == [ToolDeclined(turn=2, proposal_id="p")]
    given(*before, *decided).when(note(consent()), at=NOW).refused("proposal_unknown")


def test_a_proposal_that_is_confirmed_too_late_is_not_done() -> None:
    before = (opened, received(1), proposed(1), replied(1), received(2))
    late = NOW + PROPOSED_FOR_MS + 1
    _, decided = given(*before).when(note(consent()), at=late).decided()
    assert decided == [ToolExpired(turn=2, proposal_id="p")]
    given(*before, *decided).when(post(2, "p"), at=late).refused("proposal_unconfirmed")


def test_what_was_not_shown_is_not_confirmed() -> None:
    before = (opened, received(1), proposed(1), replied(1), received(2))
    given(*before).when(note(consent(digest=OTHER)), at=NOW).refused("proposal_changed")
    given(*before).when(note(consent(proposal_id="q")), at=NOW).refused("proposal_unknown")


def test_a_proposal_is_done_as_it_was_confirmed_and_once() -> None:
    before = (opened, received(1), proposed(1), replied(1), received(2), confirmed)
    given(*before).when(post(2, "p")).then(posted(2, "p"))
    given(*before).when(post(2, "p", digest=OTHER)).refused("proposal_changed")
    given(*before[:-1]).when(post(2, "p")).refused("proposal_unconfirmed")
    after = (*before, posted(2, "p"), replied(2), received(3))
    given(*after).when(post(3, "p")).refused("proposal_unconfirmed")


def test_after_text_of_others_nothing_is_done_unconfirmed() -> None:
    used = Used(kind="document", id="docs", digest=DIGEST, place="1-9")
    assembled = ContextAssembled(turn=1, used=(used,), tokens=9, foreign=True)
    assemble = AssembleContext(conversation_id="talk", turn=1, used=(used,), tokens=9)
    given(opened, received(1)).when(assemble).then(assembled)
    given(opened, received(1)).when(post(1)).then(posted(1))
    given(opened, received(1), assembled).when(post(1)).refused("proposal_unconfirmed")
    given(opened, received(1), assembled, replied(1), received(2)).when(post(2)).then(posted(2))


def test_what_the_person_said_themselves_is_no_text_of_others() -> None:
    used = Used(kind="memory", id="m", digest=DIGEST, foreign=False)
    assembled = ContextAssembled(turn=1, used=(used,), tokens=9, foreign=False)
    given(opened, received(1), assembled).when(post(1)).then(posted(1))


def test_nothing_is_told_to_be_done_that_was_not_asked() -> None:
    receipt = Receipt(
        command_id="c", type="resource.trash", subject="invoice-7", status="accepted", position="resource:1:2"
    )
    given(opened, received(1)).when(reply(1, receipts=(receipt,))).refused("receipt_unfounded")
    _, decided = given(opened, received(1), posted(1)).when(reply(1, receipts=(receipt,))).decided()
    assert decided == [replied(1, receipts=(receipt,))]


# ── what is remembered ────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_remembered_can_be_forgotten() -> None:
    before = (opened, received(1))
    _, decided = given(*before).when(reply(1, remembered=(Remembered(memory_id="m", text=TEXT),))).decided()
    assert decided == [replied(1), remembered("m")]
    _, forgotten = given(*before, *decided).when(Forget(conversation_id="talk", memory_id="m")).decided()
    assert forgotten == [MemoryForgotten(memory_id="m")]
    given(*before, *decided, *forgotten).when(Forget(conversation_id="talk", memory_id="m")).refused("memory_unknown")


def test_a_memory_takes_the_place_of_another() -> None:
    new = Remembered(memory_id="n", text=TEXT, supersedes="m")
    before = (opened, received(1), replied(1), remembered("m"), received(2))
    _, decided = given(*before).when(reply(2, remembered=(new,))).decided()
    assert decided == [replied(2), MemorySuperseded(memory_id="m", by="n"), remembered("n", 2)]
    given(opened, received(1)).when(reply(1, remembered=(new,))).refused("memory_unknown")


def test_only_its_owner_has_something_forgotten() -> None:
    given(opened, remembered("m")).when(Forget(conversation_id="talk", memory_id="m"), by="bob").refused(
        "conversation_unknown"
    )


def test_turns_that_were_answered_stand_in_short() -> None:
    summarise = Summarise(conversation_id="talk", first=1, last=1, text=TEXT)
    given(opened, received(1), replied(1)).when(summarise).then(ConversationSummarised(first=1, last=1, text=TEXT))
    given(opened, received(1)).when(summarise).refused("turn_unknown")


# ── a person instead of the agent ─────────────────────────────────────────────────────────────────────────────────────


def test_a_person_can_be_asked_for() -> None:
    given(opened).when(RequestHandover(conversation_id="talk")).then(HandoverRequested())
    _, decided = given(opened, received(1)).when(reply(1, handover=True)).decided()
    assert decided == [replied(1), HandoverRequested()]


def test_who_takes_over_answers_and_the_agent_does_not() -> None:
    given(opened, received(1)).when(TakeOver(conversation_id="talk"), by="bob").then(HandoverTaken(by="bob"))
    taken = (opened, received(1), HandoverTaken(by="bob"))
    given(*taken).when(reply(1)).refused("turn_answered")
    given(*taken).when(say("m2")).then(received(2, taken_over=True, answered=1))
    answer = Answer(conversation_id="talk", message_id="a", text=TEXT)
    given(*taken).when(answer, by="bob").then(PersonReplied(message_id="a", turn=1, text=TEXT))
    given(*taken).when(answer, by="carol").refused("conversation_not_taken_over")
    given(*taken).when(TakeOver(conversation_id="talk"), by="carol").refused("conversation_taken_over")


def test_the_agent_goes_on_with_what_is_said_after_it_was_handed_back() -> None:
    taken = (opened, received(1), HandoverTaken(by="bob"), received(2, taken_over=True))
    given(*taken).when(HandBack(conversation_id="talk"), by="bob").then(HandoverReturned())
    after = (*taken, HandoverReturned(), received(3))
    given(*after).when(reply(3)).decided()
