"""librdkafka's share consumers under a broker that is killed again and again, and the last reader of all topics.

`queues.py load` runs members until its standard input ends, `queues.py member GROUP WAY` one member that is to be killed,
`queues.py drain GROUP…` a member of each group that accepts everything until its standard input ends, and
`queues.py read GROUP…` reads all that the topics have in the end. The environment says the rest, as for `Queues.java`,
and the history is the same.
"""

import json
import os
import random
import sys
import threading
import time

from confluent_kafka import (
    TIMESTAMP_NOT_AVAILABLE,
    AcknowledgeType,
    Consumer,
    KafkaError,
    KafkaException,
    ShareConsumer,
    TopicPartition,
)

# What each group reads.
TOPICS = {"workers": "jobs", "watchers": "jobs", "keyed": "orders"}
# Longer than a record is locked, by far shorter than a record may be kept (`crates/sim/src/queues/facts.rs`).
SLEEP_SECONDS = 2.5

HISTORY = os.open(os.environ["HISTORY"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
STOPPING = threading.Event()
NAMES = {
    AcknowledgeType.ACCEPT: "accept",
    AcknowledgeType.RELEASE: "release",
    AcknowledgeType.REJECT: "reject",
}


def tell(event, **facts):
    """One line, handed to the system at once: what a killed member has done must be known."""
    os.write(HISTORY, (json.dumps({"event": event, **facts}) + "\n").encode())


def complain(name, error):
    print(f"{name}: {error}", file=sys.stderr, flush=True)


def value_of(content):
    """The value of a record; 0, which nobody sends, for a record that is not as it was sent."""
    number, _, filling = (content or b"").decode(errors="replace").partition(" ")
    if not number.isdigit() or filling != chr(ord("a") + int(number) % 26) * (int(number) % 199):
        return 0
    return int(number)


def by_partition(messages):
    places = {}
    for message in messages:
        places.setdefault(f"{message.topic()}-{message.partition()}", []).append(message)
    return places


class Member:
    """A member of a share group. What it says of a record is written down before it says it."""

    def __init__(self, group, way, number):
        self.name, self.way = f"{os.environ['CLIENTS']}-{number}", way
        self.chance = random.Random(int(os.environ.get("SEED", "1")) * 31 + number)
        self.implicit = way.startswith("IMPLICIT")
        tell("member", member=self.name, group=group, at=time.monotonic_ns())
        self.consumer = ShareConsumer(
            {
                "bootstrap.servers": os.environ["BOOTSTRAP"],
                "client.id": self.name,
                "group.id": group,
                "share.acknowledgement.mode": "implicit" if self.implicit else "explicit",
                "max.poll.records": 5 + self.chance.randrange(20),
                "reconnect.backoff.ms": 50,
                "reconnect.backoff.max.ms": 500,
            }
        )
        if way.endswith("ASYNC") or way == "IMPLICIT_POLL":
            self.consumer.set_acknowledgement_commit_callback(self.told)
        self.consumer.subscribe([TOPICS[group]])

    def told(self, places, error):
        if error is not None:
            complain(self.name, error)
        for place, offsets in places.items():
            self.hear(f"{place.topic}-{place.partition}", error is None, offsets)

    def hear(self, partition, counts, offsets):
        facts = {"member": self.name, "partition": partition, "at": time.monotonic_ns()}
        tell("heard", **facts, counts=counts, offsets=sorted(offsets))

    def run(self):
        while not STOPPING.is_set():
            try:
                self.turn()
            except KafkaException as error:
                complain(self.name, error)
                time.sleep(0.05)
        self.consumer.close()

    def turn(self):
        messages = [message for message in self.consumer.poll(timeout=0.2) if not message.error()]
        now, wall = time.monotonic_ns(), time.time_ns() // 1_000_000
        places = by_partition(messages)
        for partition, given in places.items():
            records = [(message.offset(), message.delivery_count(), value_of(message.value())) for message in given]
            tell("delivered", member=self.name, partition=partition, at=now, wall=wall, records=records)
        if not messages or self.way == "IMPLICIT_POLL" and STOPPING.is_set():
            return
        if self.way != "DRAIN":
            time.sleep(SLEEP_SECONDS if self.chance.randrange(40) == 0 else self.chance.random() * 0.03)
        self.say(places)

    def say(self, places):
        taken = {}
        for partition, messages in places.items():
            verdicts = {}
            for message in messages:
                verdict = AcknowledgeType.ACCEPT if self.implicit or self.way == "DRAIN" else self.verdict()
                verdicts.setdefault(verdict, []).append(message)
            for verdict, given in verdicts.items():
                facts = {"member": self.name, "partition": partition, "at": time.monotonic_ns()}
                tell("said", **facts, verdict=NAMES[verdict], offsets=[message.offset() for message in given])
                if not self.implicit:
                    given = [message for message in given if self.acknowledge(partition, message, verdict)]
                taken.setdefault(partition, []).extend(message.offset() for message in given)
        if self.way == "EXPLICIT_ASYNC" and self.chance.random() < 0.5:
            self.consumer.commit_async()
        if self.way in ("EXPLICIT_ASYNC", "IMPLICIT_POLL"):
            # Otherwise the next poll sends it.
            return
        counting = set()
        try:
            for place, error in self.consumer.commit_sync(10).items():
                if error is None:
                    counting.add(f"{place.topic}-{place.partition}")
                else:
                    complain(self.name, error)
        finally:
            for partition, offsets in taken.items():
                self.hear(partition, partition in counting, offsets)

    def acknowledge(self, partition, message, verdict):
        """Whether the client takes the verdict. Of what it does not take nothing more will be heard."""
        try:
            self.consumer.acknowledge(message, verdict)
        except KafkaException as error:
            complain(self.name, error)
            self.hear(partition, False, [message.offset()])
            return False
        return True

    def verdict(self):
        number = self.chance.randrange(20)
        if number < 3:
            return AcknowledgeType.RELEASE
        return AcknowledgeType.REJECT if number == 3 else AcknowledgeType.ACCEPT


def run(members):
    """Runs (group, way) each in a thread of its own until our standard input ends."""
    faults = []

    def one(group, way, number):
        try:
            Member(group, way, number).run()
        except Exception as error:
            faults.append(error)
            complain(f"{group} {way}", repr(error))

    threads = [threading.Thread(target=one, args=(*member, number + 1)) for number, member in enumerate(members)]
    for thread in threads:
        thread.start()
    sys.stdin.buffer.read()
    STOPPING.set()
    for thread in threads:
        thread.join()
    sys.exit(1 if faults else 0)


def read(topic, isolation):
    """All records of a topic."""
    consumer = Consumer(
        {
            "bootstrap.servers": os.environ["BOOTSTRAP"],
            "group.id": "reader",
            "enable.auto.commit": False,
            "isolation.level": isolation,
            "enable.partition.eof": True,
            "auto.offset.reset": "error",
        }
    )
    partitions = consumer.list_topics(topic, 30).topics[topic].partitions
    starts = {number: consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=30)[0] for number in partitions}
    consumer.assign([TopicPartition(topic, number, start) for number, start in starts.items()])
    left = set(partitions)
    while left:
        for message in consumer.consume(5_000, timeout=0.2):
            if message.error() is None:
                yield message
            elif message.error().code() == KafkaError._PARTITION_EOF:
                left.discard(message.partition())
            elif not message.error().retriable():
                raise KafkaException(message.error())
    consumer.close()


def headers_of(message):
    return {name: (content or b"").decode(errors="replace") for name, content in message.headers() or []}


def tell_topic(topic):
    committed = {(message.partition(), message.offset()) for message in read(topic, "read_committed")}
    for message in read(topic, "read_uncommitted"):
        headers, (kind, timestamp) = headers_of(message), message.timestamp()
        assert kind != TIMESTAMP_NOT_AVAILABLE
        delay = headers.get("ottla-delay")
        tell(
            "record",
            partition=f"{topic}-{message.partition()}",
            offset=message.offset(),
            value=value_of(message.value()),
            key=message.key() and message.key().decode(),
            due=None if delay is None else timestamp + int(delay),
            requeued_for=headers.get("ottla-requeued-for"),
            committed=(message.partition(), message.offset()) in committed,
        )


def tell_letters(topic):
    for message in read(topic, "read_committed"):
        headers = headers_of(message)
        if "ottla-dlq-settles" in headers:
            letter = f"{topic}-{message.partition()}/{headers['ottla-dlq-settles']}"
            tell("receipt", letter=letter, outcome=headers["ottla-dlq-outcome"])
            continue
        tell(
            "letter",
            letter=f"{topic}-{message.partition()}/{message.offset()}",
            group=headers["__dlq.errors.group"],
            partition=f"{headers['__dlq.errors.topic']}-{headers['__dlq.errors.partition']}",
            offset=int(headers["__dlq.errors.offset"]),
            value=value_of(message.value()),
            key=message.key() and message.key().decode(),
            deliveries=int(headers["__dlq.errors.delivery.count"]),
            reason=headers["ottla-dlq-reason"],
        )


def main(task, *arguments):
    if task == "load":
        run(
            [
                ("workers", "EXPLICIT_ASYNC"),
                ("watchers", "IMPLICIT_POLL"),
                ("watchers", "IMPLICIT_SYNC"),
                ("keyed", "EXPLICIT_SYNC"),
            ]
        )
    elif task == "member":
        run([tuple(arguments)])
    elif task == "drain":
        run([(group, "DRAIN") for group in arguments])
    elif task == "read":
        for topic in sorted({TOPICS[group] for group in arguments}):
            tell_topic(topic)
        for group in arguments:
            tell_letters(f"dlq.{group}")
    else:
        sys.exit("queues.py load|member|drain|read")


if __name__ == "__main__":
    main(*sys.argv[1:])
