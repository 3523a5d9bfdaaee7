"""Members of consumer groups (KIP-848) and of share groups (KIP-932) with confluent-kafka."""

import confluent_kafka
from confluent_kafka import AcknowledgeType, Consumer, Producer, ShareConsumer
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewTopic

from report import BOOTSTRAP, equal, run, wait_until

ADMIN = AdminClient({"bootstrap.servers": BOOTSTRAP})


class Ledger:
    """Who has which partition, and what was read."""

    def __init__(self):
        self.owners, self.values, self.faults = {}, [], []

    def shares(self):
        owners = list(self.owners.values())
        return {owner: owners.count(owner) for owner in owners}

    def settle(self, count):
        equal(sorted(self.values), list(range(count)), "values")
        equal(self.faults, [], "faults")


class Member:
    """A member of a consumer group, which is polled in turn with others."""

    def __init__(self, ledger, case, name, topic=None, **settings):
        self.ledger, self.name, self.assignments = ledger, name, 0
        self.consumer = Consumer({
            "bootstrap.servers": BOOTSTRAP,
            "group.id": case.group,
            "group.protocol": "consumer",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "topic.metadata.refresh.interval.ms": 1000,
            **settings,
        })
        self.consumer.subscribe([topic or case.topic], on_assign=self.on_assign, on_revoke=self.on_revoke)

    def on_assign(self, _, partitions):
        self.assignments += bool(partitions)
        for place in [(partition.topic, partition.partition) for partition in partitions]:
            owner = self.ledger.owners.get(place)
            if owner is not None:
                self.ledger.faults.append(f"{place} went to {self.name} while {owner} had it")
            self.ledger.owners[place] = self.name
        self.consumer.incremental_assign(partitions)

    def on_revoke(self, _, partitions):
        for partition in partitions:
            self.ledger.owners.pop((partition.topic, partition.partition), None)
        self.consumer.incremental_unassign(partitions)

    def owned(self):
        return {place for place, owner in self.ledger.owners.items() if owner == self.name}

    def poll(self):
        messages = [message for message in self.consumer.consume(100, 0.1) if not message.error()]
        self.ledger.values += [int(message.value()) for message in messages]
        if messages:
            self.consumer.commit(asynchronous=False)

    def close(self):
        self.consumer.close()


def create(topic, partitions):
    for future in ADMIN.create_topics([NewTopic(topic, partitions, 1)]).values():
        future.result()


def produce(topic, partitions, values):
    producer = Producer({"bootstrap.servers": BOOTSTRAP})
    for value in values:
        producer.produce(topic, value=str(value), partition=value % partitions)
    equal(producer.flush(20), 0, "records that were not sent")


def poll_until(done, members, what):
    def turn():
        for member in members:
            member.poll()
        return done()

    wait_until(turn, what)


def consumer(case):
    create(case.topic, 4)
    ledger = Ledger()
    a, b = Member(ledger, case, "a"), Member(ledger, case, "b")
    poll_until(lambda: ledger.shares() == {"a": 2, "b": 2}, [a, b], "two partitions for each member")
    produce(case.topic, 4, range(100))
    poll_until(lambda: len(ledger.values) >= 100, [a, b], "100 records")
    b.close()
    produce(case.topic, 4, range(100, 200))
    poll_until(lambda: len(ledger.values) >= 200 and ledger.shares() == {"a": 4}, [a], "200 records")
    a.close()
    ledger.settle(200)


def pattern(case):
    create(f"{case.topic}-one", 1)
    produce(f"{case.topic}-one", 1, range(10))
    ledger = Ledger()
    member = Member(ledger, case, "a", f"^{case.topic}-(one|two)$")
    poll_until(lambda: len(ledger.values) >= 10, [member], "the first topic's records")
    create(f"{case.topic}-three", 1)
    create(f"{case.topic}-two", 1)
    produce(f"{case.topic}-three", 1, [99])
    produce(f"{case.topic}-two", 1, range(10, 20))
    poll_until(lambda: len(ledger.values) >= 20, [member], "the new topic's records")
    member.close()
    ledger.settle(20)


def static(case):
    create(case.topic, 4)
    ledger = Ledger()
    a, b = [Member(ledger, case, name, **{"group.instance.id": name}) for name in "ab"]
    poll_until(lambda: ledger.shares() == {"a": 2, "b": 2}, [a, b], "two partitions for each member")
    before, assignments = b.owned(), a.assignments
    b.close()
    b = Member(ledger, case, "b", **{"group.instance.id": "b"})
    poll_until(lambda: ledger.shares() == {"a": 2, "b": 2}, [a, b], "the member that came back")
    equal(b.owned(), before, "partitions of the member that came back")
    equal(a.assignments, assignments, "assignments of the member that stayed")
    a.close()
    b.close()
    equal(ledger.faults, [], "faults")


def share(case, mode):
    member = ShareConsumer({
        "bootstrap.servers": BOOTSTRAP,
        "group.id": case.group,
        "share.acknowledgement.mode": mode,
        "max.poll.records": 20,
    })
    member.subscribe([case.topic])
    return member


def begin(case, count):
    """A topic with records, which the share group reads from the start."""
    create(case.topic, 1)
    change = ConfigEntry("share.auto.offset.reset", "earliest", incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ConfigResource.Type.GROUP, case.group, incremental_configs=[change])
    for future in ADMIN.incremental_alter_configs([resource]).values():
        future.result()
    produce(case.topic, 1, range(count))


def take(member, seconds=0.1):
    return [message for message in member.poll(timeout=seconds) if not message.error()]


def implicit(case):
    begin(case, 200)
    ledger = Ledger()
    members = [share(case, "implicit") for _ in range(2)]

    def turn():
        for member in members:
            ledger.values += [int(message.value()) for message in take(member)]
        return len(ledger.values) >= 200

    wait_until(turn, lambda: f"200 records, got {len(ledger.values)}")
    # Closing does not acknowledge; a commit does.
    for member in members:
        member.commit_sync(20)
        member.close()
    last = share(case, "implicit")
    ledger.values += [int(message.value()) for _ in range(10) for message in take(last)]
    last.close()
    ledger.settle(200)


def explicit(case):
    begin(case, 30)
    deliveries = {}
    member = share(case, "explicit")

    def turn():
        for message in take(member):
            value = int(message.value())
            counts = deliveries.setdefault(value, [])
            counts.append(message.delivery_count())
            again = AcknowledgeType.RELEASE if len(counts) == 1 else AcknowledgeType.ACCEPT
            kinds = [AcknowledgeType.ACCEPT, AcknowledgeType.REJECT, again]
            member.acknowledge(message, kinds[value % 3])
        equal([error for error in member.commit_sync(20).values() if error is not None], [], "errors")
        return sum(map(len, deliveries.values())) >= 40

    wait_until(turn, lambda: f"40 deliveries, there are {deliveries}")
    equal([message.value() for _ in range(5) for message in take(member)], [], "more deliveries")
    member.close()
    equal(deliveries, {value: [1, 2] if value % 3 == 2 else [1] for value in range(30)}, "deliveries")


VERSION = f"{confluent_kafka.version()} (librdkafka {confluent_kafka.libversion()[0]})"

if __name__ == "__main__":
    run(VERSION, {"consumer": consumer, "pattern": pattern, "static": static, "implicit": implicit, "explicit": explicit})
