"""What a worker does beside deciding."""

import pytest

from infra import mail
from infra.access import TABLE
from infra.effects import ERASING
from infra.faults.settle import SEE_TO
from infra.settings import Settings, Unusable
from infra.worker import Worker, _work


async def test_the_end_of_a_key_waits_for_no_mail(stack: Settings) -> None:
    groups = {policing.name: set(policing._facts) for policing in Worker(stack, "cluster")._policing}
    assert groups["effects"] == set(ERASING)
    assert groups["mail"] == set(mail.MAILED)
    assert groups["effects"].isdisjoint(groups["mail"])
    assert {f"annal.{name}": facts for name, facts in groups.items()} == {name: set(of) for name, of in SEE_TO.items()}


def test_each_group_that_sees_to_facts_may_be_joined() -> None:
    joined = {grant.name for grant in TABLE if (grant.user, grant.resource) == ("annal-worker", "group")}
    assert joined == {"annal.worker", *SEE_TO}


@pytest.mark.parametrize(
    ("settings", "warned"),
    [
        (Settings(host="0.0.0.0"), 1),  # noqa: S104 - everybody reaches it
        (Settings(public_url="https://annal.example"), 1),
        (Settings(public_url="https://annal.example", smtp_url="smtp://mail.example"), 0),
        (Settings(public_url="http://localhost:8080"), 0),
        (Settings(), 0),
    ],
)
async def test_a_worker_that_sends_nobody_mail_says_so_where_people_wait_for_it(
    settings: Settings, warned: int, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Unusable, match="No Kafka is known"):
        await _work(settings)
    assert "".join(capfd.readouterr()).count("mail is kept in the inbox instead of sent") == warned
