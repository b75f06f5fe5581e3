"""What a worker does beside deciding."""

from infra import mail
from infra.access import TABLE
from infra.effects import ERASING
from infra.faults.settle import SEE_TO
from infra.settings import Settings
from infra.worker import Worker


async def test_the_end_of_a_key_waits_for_no_mail(stack: Settings) -> None:
    groups = {policing.name: set(policing._facts) for policing in Worker(stack, "cluster")._policing}
    assert groups["effects"] == set(ERASING)
    assert groups["mail"] == set(mail.MAILED)
    assert groups["effects"].isdisjoint(groups["mail"])
    assert {f"annal.{name}": facts for name, facts in groups.items()} == {name: set(of) for name, of in SEE_TO.items()}


def test_each_group_that_sees_to_facts_may_be_joined() -> None:
    joined = {grant.name for grant in TABLE if (grant.user, grant.resource) == ("annal-worker", "group")}
    assert joined == {"annal.worker", *SEE_TO}
