"""What people say in a conversation that is no action of the platform, with sentences to know each by."""

from collections.abc import Mapping

_SAID = {
    "talk.affirm": """
        yes | yes please | sure | ok | okay do it | go ahead | yep | correct | that's right | confirm | please do |
        sounds good | absolutely | yes, I am sure | I confirm | do it
    """,
    "talk.deny": """
        no | no thanks | don't | please don't | nope | not that | rather not | no, leave it | I don't want that |
        that's wrong | no way | do not do that
    """,
    "talk.cancel": """
        cancel | never mind | forget it | stop | abort | leave it | let's not | cancel that | drop it | nevermind |
        I changed my mind | stop this
    """,
    "talk.greet": """
        hello | hi | hi there | hey | good morning | good evening | hello, how are you | greetings | good afternoon
        | hey you
    """,
    "talk.thank": """
        thanks | thank you | thanks a lot | many thanks | great, thank you | cheers | perfect, thanks
    """,
    "talk.part": """
        bye | goodbye | see you | good night | that was all | see you later | that's it for today
    """,
    "talk.help": """
        help | what can you do | how does this work | what can I ask you | I need some help | help me | what are you
        able to do | show me what you can do | which commands are there
    """,
    "talk.who": """
        who are you | what are you | are you a robot | am I talking to a human | what is your name | are you a real
        person | tell me about yourself
    """,
    "talk.handover": """
        I want to talk to a human | get me a real person | connect me to an agent | can I speak to somebody | let me
        talk to a person | hand me over to support | I need a human | talk to support | human please
    """,
    "memory.remember": """
        remember that I prefer short answers | please remember my favourite colour is green | keep in mind that I
        work in Lisbon | note that I am on holiday in May | remember this: the budget is tight | don't forget that I
        like tea | remember that my team is called Atlas | for the future: I read only in English
    """,
    "memory.recall": """
        what do you know about me | what do you remember about me | what have I told you | show me your memories of
        me | list what you know about me | do you remember anything about me | tell me what you know of me
    """,
    "memory.forget": """
        forget that | forget what I just told you | please forget this | don't remember that | delete that memory |
        forget the last thing I said | forget what you know about that | remove that from your memory
    """,
    "history.who": """
        who changed this | who renamed it | who did that | who was it that changed the amount | who touched
        invoice-7 | who changed it last | by whom was this changed | who shared this | who made this change | who
        edited invoice-7 | who created this resource | who tagged it | who renamed invoice-7 | who created invoice-7
        | who changed the name of invoice-7 | who set the amount of invoice-7 | who deleted the report | tell me who
        changed the currency | who gave it that name | who is to blame for the amount of invoice-7
    """,
    "history.when": """
        when was it changed | when was it shared | when was it tagged | when was it deleted | when was this renamed
        | when did that happen | when was invoice-7 last changed | since when is it called that | when was this
        created | when did somebody change the amount | when was invoice-7 shared | when did the amount of invoice-7
        change | when was the name of invoice-7 changed | since when is the amount like this | when did it get its name
    """,
    "history.before": """
        what was it before | what was its name before | what was the amount before | what was it called before that
        | what did it say earlier | what was the old name | what was the previous amount of invoice-7 | how was it
        called before | what was the value before the change | what was the amount of invoice-7 before | what was
        invoice-7 called before | what was the currency of invoice-7 earlier | what did invoice-7 cost before
    """,
    "history.why": """
        why was it changed | why did that change | why is it called that now | what was the reason for this change |
        how come the amount changed | which command changed it | what led to this change
    """,
    "knowledge.ask": """
        how do I replay history | what is a projection | what does exactly once mean here | explain how erasing
        works | how can I verify an export | what is a journal | where do I find the docs about subscribing | how do
        I write a character | tell me how checkpoints work | what does the manual say about keys | how long are
        commands kept | what happens when Kafka is down
    """,
}

INTENTS: Mapping[str, tuple[str, ...]] = {
    intent: tuple(" ".join(sentence.split()) for sentence in said.split("|")) for intent, said in _SAID.items()
}
"""Sentences of our own, by intent."""
