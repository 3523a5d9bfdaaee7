"""Kafka's own command-line tools.

`console/Tools.java` runs them one after the other in one Java machine; members of groups are machines of
their own, each a VerifiableConsumer, which tells what it is assigned.
"""

import base64
import json
import os
import re
import subprocess
import threading
import time

from report import BOOTSTRAP, NotApplicable, equal, wait_until
from scenarios import Message, Record, Scenarios, main

SMALL = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx128m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error"]
JAVA = ["java", *SMALL, "-cp", os.environ["CLASS_PATH"]]
PACKAGE = "org.apache.kafka.tools"
SERVER = ["--bootstrap-server", BOOTSTRAP]


class Machine:
    """The Java machine that runs tools."""

    def __init__(self):
        self.process = subprocess.Popen([*JAVA, "Tools"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def run(self, tool, *arguments, given=b""):
        """What the tool prints; fails if it does not exit with 0."""
        words = [(tool if tool.startswith("kafka.") else f"{PACKAGE}.{tool}").encode(), given, *(argument.encode() for argument in arguments)]
        self.process.stdin.write(b" ".join(map(base64.b64encode, words)) + b"\n")
        self.process.stdin.flush()
        status, output, errors = self.process.stdout.readline().rstrip(b"\n").split(b" ")
        output = base64.b64decode(output).decode()
        if status != b"0":
            raise RuntimeError(f"{tool} {arguments[0]}: {output} {base64.b64decode(errors).decode()[:300]}")
        return output


class Member:
    """A member of a group: it tells what it is assigned, and commits what it prints."""

    def __init__(self, ledger, case, name, settings):
        self.ledger, self.name, self.assignments = ledger, name, 0
        arguments = ["--topic", case.topic, "--group-id", case.group, "--session-timeout", "6000"]
        arguments += ["--reset-policy", "earliest", "--verbose", *settings]
        command = [*JAVA, f"{PACKAGE}.VerifiableConsumer", *SERVER, *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE)
        self.thread = threading.Thread(target=self.events, daemon=True)
        self.thread.start()

    def events(self):
        for line in self.process.stdout:
            event = json.loads(line)
            partitions = [partition["partition"] for partition in event.get("partitions", []) if "count" not in event]
            match event["name"]:
                case "partitions_assigned":
                    self.assignments += 1
                    self.ledger.assigned(self.name, partitions)
                case "partitions_revoked":
                    self.ledger.revoked(self.name, partitions)
                case "record_data":
                    self.ledger.record(self.name, event["partition"], event["value"].encode())

    def leave(self):
        self.process.terminate()
        self.thread.join()
        self.process.wait()


class Console:
    """The adapter."""

    null_headers = True
    deletes_groups = True

    def __init__(self):
        self.machine = Machine()
        jars = os.listdir(os.environ["CLASS_PATH"].split(":")[1].removesuffix("*"))
        [self.version] = re.findall(r"kafka-tools-(\d[\d.]*)\.jar", " ".join(jars))

    def topic_command(self, *arguments):
        return self.machine.run("TopicCommand", *SERVER, *arguments)

    def create_topic(self, topic, partitions):
        self.topic_command("--create", "--topic", topic, "--partitions", str(partitions))

    def topics(self):
        described = self.topic_command("--describe")
        return {topic: int(count) for topic, count in re.findall(r"Topic: (\S+)\s.*PartitionCount: (\d+)", described)}

    def delete_topic(self, topic):
        self.topic_command("--delete", "--topic", topic)

    def produce(self, topic, records, compression="none", idempotent=False):
        """It knows no partitions, only keys; without any it fills one partition after the other."""
        spread = len({record.partition for record in records}) > 1
        lines = []
        for number, record in enumerate(records):
            key = f"key{number}".encode() if spread else record.key
            headers = b",".join(name.encode() + b":" + (b"NULL" if v is None else v) for name, v in record.headers)
            fields = [headers or b"NULL", b"NULL" if key is None else key, b"NULL" if record.value is None else record.value]
            lines.append(b"\t".join(fields) + b"\n")
        reader = ["parse.key=true", "parse.headers=true", "null.marker=NULL"]
        settings = [f"enable.idempotence={str(idempotent).lower()}", "batch.size=1000"]
        self.machine.run(
            "ConsoleProducer", *SERVER, "--topic", topic, "--compression-codec", compression,
            *(part for each in reader for part in ("--reader-property", each)),
            *(part for each in settings for part in ("--command-property", each)),
            given=b"".join(lines),
        )
        return list(range(len(records)))

    def consume(self, topic, count, *arguments):
        shown = [f"print.{what}=true" for what in ["timestamp", "offset", "headers", "key"]]
        properties = [part for each in [*shown, "null.literal=NULL"] for part in ("--formatter-property", each)]
        output = self.machine.run(
            "consumer.ConsoleConsumer", *SERVER, "--topic", topic, "--max-messages", str(count),
            "--timeout-ms", "15000", *properties, *arguments,
        )
        lines = [line for line in output.splitlines() if line.startswith("CreateTime:")]
        equal(len(lines), count, "number of records")
        return [message(line.split("\t")) for line in lines]

    def read(self, topic, count, start=0):
        return self.consume(topic, count, "--partition", "0", "--offset", str(start))

    def take(self, group, topic, count):
        return [m.value for m in self.consume(topic, count, "--group", group, "--from-beginning")]

    def offset_for_time(self, topic, timestamp):
        output = self.machine.run("GetOffsetShell", *SERVER, "--topic", topic, "--time", str(timestamp))
        [offset] = re.findall(rf"^{topic}:0:(\d+)$", output, re.MULTILINE)
        return int(offset)

    def member(self, ledger, case, name, cooperative=False, instance=None):
        assignor = "CooperativeStickyAssignor" if cooperative else "RangeAssignor"
        settings = ["--assignment-strategy", f"org.apache.kafka.clients.consumer.{assignor}"]
        return Member(ledger, case, name, settings + (["--group-instance-id", instance] if instance else []))

    def group_command(self, *arguments):
        return self.machine.run("consumer.group.ConsumerGroupCommand", *SERVER, *arguments)

    def transactions(self, *arguments):
        return self.machine.run("TransactionsCommand", *SERVER, *arguments)

    def committed(self, group, topic):
        output = self.group_command("--describe", "--group", group)
        [offset] = re.findall(rf"^{group}\s+{topic}\s+0\s+(\d+)", output, re.MULTILINE)
        return int(offset)

    def config(self, topic, name):
        output = self.machine.run("kafka.admin.ConfigCommand", *SERVER, "--describe", "--all", "--topic", topic)
        return re.findall(rf"^\s*{re.escape(name)}=(\S*)", output, re.MULTILINE)[0]

    def alter_config(self, topic, name, value):
        self.machine.run("kafka.admin.ConfigCommand", *SERVER, "--alter", "--topic", topic, "--add-config", f"{name}={value}")

    def groups(self):
        return self.group_command("--list").split()

    def describe_group(self, group):
        state = self.group_command("--describe", "--group", group, "--state")
        members = self.group_command("--describe", "--group", group, "--members")
        [stable] = re.findall(r"\b(Stable)\b", state)
        clients = len(re.findall(rf"^{group}\s+consumer-", members, re.MULTILINE))
        # The tool names its members itself.
        return stable.lower(), ["a"] * clients

    def delete_group(self, group):
        self.group_command("--delete", "--group", group)


def message(fields):
    time_text, offset, headers, key, value = fields
    pairs = [] if headers == "NO_HEADERS" else [header.split(":", 1) for header in headers.split(",")]
    return Message(
        int(offset.removeprefix("Offset:")),
        int(time_text.removeprefix("CreateTime:")),
        encoded(key),
        encoded(value),
        [(name, encoded(text)) for name, text in pairs],
    )


def encoded(text):
    return None if text == "NULL" else text.encode()


class OpenTransaction:
    """A transaction that stays open; no tool of Kafka's leaves one so."""

    def __init__(self, topic, transactional_id):
        flags = ["--transactional-id", transactional_id, "--partition", "0", "--linger-ms", "0", "-b", BOOTSTRAP]
        self.process = subprocess.Popen([os.environ["OTTLA"], "produce", topic, *flags], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.process.stdin.write(b"open\n")
        self.process.stdin.flush()

    def kill(self):
        self.process.kill()
        self.process.wait()


class ConsoleScenarios(Scenarios):
    """What the tools do in their own way."""

    def odd_records(self):
        """They read and print text, not bytes."""
        binary, text = b"\x00\xff", "Größe ✓".encode()
        return [Record(text, key=b"") if record.value == binary else record for record in super().odd_records()]

    def fencing(self, case):
        raise NotApplicable("no tool leaves a transaction open")

    def transactions(self, case):
        """They write and read committed transactions, and look at them from all sides."""
        self.topic(case)
        transactional_id = f"{case.topic}-id"
        tool, place = self.client.transactions, ["--topic", case.topic, "--partition", "0"]
        self.client.machine.run(
            "ProducerPerformance", "--topic", case.topic, "--num-records", "20", "--throughput", "-1",
            "--record-size", "10", "--bootstrap-server", BOOTSTRAP, "--transactional-id", transactional_id,
            "--transaction-duration-ms", "1000",
        )
        equal(len(self.client.consume(case.topic, 20, "--isolation-level", "read_committed", "--from-beginning")), 20, "records")
        found = re.findall(rf"^{transactional_id}\s+\d+\s+\d+\s+(\S+)", tool("list"), re.MULTILINE)
        equal(found, ["CompleteCommit"], "state in the list")
        described = tool("describe", "--transactional-id", transactional_id)
        equal(len(re.findall(rf"\s{transactional_id}\s+\d+\s+\d+\s+CompleteCommit\s", described)), 1, "described")
        open_id = f"{transactional_id}-open"
        holder = OpenTransaction(case.topic, open_id)
        try:
            wait_until(lambda: self.starts(place) == [21], lambda: f"an open transaction, there are {self.starts(place)}")
            described = tool("describe", "--transactional-id", open_id)
            equal(re.findall(rf"\sOngoing\s.*\s({case.topic}-0)\s*$", described, re.MULTILINE), [f"{case.topic}-0"], "partitions")
            hanging = tool("find-hanging", *place, "--max-transaction-timeout", "0")
            equal(case.topic in hanging, False, "a transaction that its coordinator knows hangs")
            tool("abort", *place, "--start-offset", "21")
            equal(self.starts(place), [], "open transactions after the abort")
        finally:
            holder.kill()

    def starts(self, place):
        """Where transactions begin that are open in a partition."""
        output = self.client.transactions("describe-producers", *place)
        rows = [line.split() for line in output.splitlines()[1:]]
        return [int(row[-1]) for row in rows if row and row[-1] != "None"]

    def timestamp(self, case):
        """They cannot set a timestamp, so the time between two calls is asked for."""
        self.topic(case)
        self.client.produce(case.topic, [Record(b"before")])
        time.sleep(0.01)
        between = time.time_ns() // 1_000_000
        time.sleep(0.01)
        self.client.produce(case.topic, [Record(b"after")])
        equal(self.client.offset_for_time(case.topic, between), 1, "offset at the time")


if __name__ == "__main__":
    main(ConsoleScenarios(Console()))
