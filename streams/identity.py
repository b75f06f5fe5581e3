"""The map of forms: one line per domain says what people send where a door makes the command."""

from typing import Any

from pydantic import BaseModel

from streams import account, apikey, character, conversation, totp
from streams.forms import Form, UntoldForm
from streams.session import Refresh, SignedIn, SignIn

FORMS: tuple[Form[Any], ...] = (*account.FORMS, *totp.FORMS, *apikey.FORMS, *character.FORMS, *conversation.FORMS)
UNTOLD: tuple[UntoldForm[Any], ...] = account.UNTOLD

SENT: tuple[type[BaseModel], ...] = (
    *dict.fromkeys([form.body for form in FORMS] + [form.body for form in UNTOLD]),
    *dict.fromkeys(form.outcome for form in FORMS),
    SignIn,
    SignedIn,
    Refresh,
)
"""What the API document shows of them."""
