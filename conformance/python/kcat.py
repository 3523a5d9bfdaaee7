"""Debian's kcat, a command line on the librdkafka of 2023 that Debian ships.

It cannot administer, so topics are created, deleted and configured by `ottla`; what is asked is the old
client's way of producing, consuming and keeping a group together.
"""

import json
import os
import re
import subprocess
import threading
import time

from report import BOOTSTRAP, WAIT_SECONDS, NotApplicable, equal
from scenarios import Message, Record, Scenarios, main

GROUP = ["-X", "session.timeout.ms=6000", "-X", "heartbeat.interval.ms=300", "-X", "auto.offset.reset=earliest"]
EVENT = re.compile(r"rebalanced.*?(assign|revoke)(.*)$")


def kcat(*arguments, given=b""):
    command = ["kcat", "-b", BOOTSTRAP, *arguments]
    ended = subprocess.run(command, input=given, capture_output=True, timeout=WAIT_SECONDS)
    if ended.returncode != 0:
        raise RuntimeError(ended.stderr.decode(errors="replace").strip().splitlines()[-1])
    return ended.stdout


def ottla(*arguments):
    subprocess.run([os.environ["OTTLA"], *arguments, "--bootstrap", BOOTSTRAP], check=True, capture_output=True)


class Member:
    """A member of a group: what the program tells of rebalances goes to the ledger, and so do its records."""

    def __init__(self, ledger, case, name, settings):
        self.ledger, self.name, self.assignments = ledger, name, 0
        command = ["kcat", "-b", BOOTSTRAP, *GROUP, "-X", f"client.id={name}", "-X", "auto.commit.interval.ms=100"]
        command += [part for setting in settings for part in ("-X", setting)]
        command += ["-u", "-f", "%p %s\n", "-G", case.group, case.topic]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.threads = [threading.Thread(target=reads, daemon=True) for reads in [self.records, self.events]]
        for thread in self.threads:
            thread.start()

    def records(self):
        for line in self.process.stdout:
            partition, value = line.rstrip(b"\n").split(b" ", 1)
            self.ledger.record(self.name, int(partition), value)

    def events(self):
        for line in self.process.stderr:
            event = EVENT.search(line.decode(errors="replace"))
            if not event:
                continue
            partitions = [int(number) for number in re.findall(r"\[(\d+)\]", event.group(2))]
            if event.group(1) == "assign":
                self.assignments += 1
                self.ledger.assigned(self.name, partitions)
            else:
                self.ledger.revoked(self.name, partitions)

    def leave(self):
        self.process.terminate()
        self.process.wait(WAIT_SECONDS)
        for thread in self.threads:
            thread.join()
        self.ledger.revoked(self.name, self.ledger.owned_by(self.name))


class Kcat:
    """The adapter."""

    null_headers = True
    deletes_groups = False

    def __init__(self):
        text = kcat("-V").decode()
        [version] = re.findall(r"Version (\S+)", text)
        [library] = re.findall(r"librdkafka (\S+)", text)
        self.version = f"{version} (librdkafka {library})"

    def create_topic(self, topic, partitions):
        ottla("topic", "create", topic, "--partitions", str(partitions))

    def topics(self):
        return {topic["topic"]: len(topic["partitions"]) for topic in json.loads(kcat("-L", "-J"))["topics"]}

    def lacks(self, *_):
        raise NotApplicable("the program cannot administer")

    delete_topic = config = groups = lacks

    def produce(self, topic, records, compression="none", idempotent=False):
        """One call for each partition, as lines, or for each record that is more than a value."""
        flags = ["-X", "linger.ms=5", "-z", compression, "-X", f"enable.idempotence={str(idempotent).lower()}"]
        plain = [record for record in records if record.value and record.key is None and not record.headers]
        for partition in sorted({record.partition for record in plain}):
            lines = b"\n".join(record.value for record in plain if record.partition == partition)
            kcat("-P", "-t", topic, "-p", str(partition), *flags, given=lines)
        if not plain:
            for record in records:
                self.produce_one(topic, record, flags)
        return list(range(len(records)))

    def produce_one(self, topic, record, flags):
        # Without -Z what is empty is sent as empty; with it, as null.
        null = ["-Z"] if record.value is None else []
        headers = [name if value is None else f"{name}={value.decode()}" for name, value in record.headers]
        flags = [*flags, "-K", "\t", *null, *(part for header in headers for part in ("-H", header))]
        line = record.key + b"\t" + (record.value or b"") + b"\n"
        kcat("-P", "-t", topic, "-p", str(record.partition), *flags, given=line)

    def transact(self, *_):
        raise NotApplicable("the program knows no transactions")

    take_over = transact

    def read(self, topic, count, start=0):
        lines = kcat("-C", "-t", topic, "-p", "0", "-o", str(start), "-c", str(count), "-e", "-J").splitlines()
        return [message(json.loads(line.decode(errors="surrogateescape"))) for line in lines]

    def offset_for_time(self, topic, timestamp):
        line = kcat("-C", "-t", topic, "-p", "0", "-o", f"s@{timestamp}", "-c", "1", "-e", "-J")
        return json.loads(line)["offset"]

    def member(self, ledger, case, name, cooperative=False, instance=None):
        settings = [f"partition.assignment.strategy={'cooperative-sticky' if cooperative else 'range'}"]
        settings += [f"group.instance.id={instance}"] if instance else []
        return Member(ledger, case, name, settings)

    def take(self, group, topic, count):
        return kcat(*GROUP, "-f", "%s\n", "-c", str(count), "-G", group, topic).splitlines()


def message(fields):
    pairs = fields.get("headers") or []
    headers = [(name, encoded(value)) for name, value in zip(pairs[::2], pairs[1::2])]
    return Message(fields["offset"], fields["ts"], encoded(fields["key"]), encoded(fields["payload"]), headers)


def encoded(text):
    return None if text is None else text.encode(errors="surrogateescape")


class KcatScenarios(Scenarios):
    """What the program does in its own way."""

    def timestamp(self, case):
        """It cannot set a timestamp, so the time between two calls is asked for."""
        self.topic(case)
        self.client.produce(case.topic, [Record(b"before")])
        time.sleep(0.01)
        between = time.time_ns() // 1_000_000
        time.sleep(0.01)
        self.client.produce(case.topic, [Record(b"after")])
        equal(self.client.offset_for_time(case.topic, between), 1, "offset at the time")

    def resume(self, case):
        """It cannot tell what was committed, only go on from there."""
        self.topic(case)
        sent = [f"v{number}".encode() for number in range(20)]
        self.client.produce(case.topic, [Record(value) for value in sent])
        equal(self.client.take(case.group, case.topic, 10), sent[:10], "values before the commit")
        equal(self.client.take(case.group, case.topic, 10), sent[10:], "values after the commit")

    def odd_records(self):
        """It takes an empty line for none, so a record needs a key or a value."""
        return [Record(b"", key=b"e") if record.key is None else record for record in super().odd_records()]

    def create(self, case):
        """It cannot create a topic but by producing to it."""
        self.client.produce(case.topic, [Record(b"first")])
        equal([message.value for message in self.client.read(case.topic, 1)], [b"first"], "values")
        return "created by producing to it"


if __name__ == "__main__":
    main(KcatScenarios(Kcat()))
