"""What every client is asked to do, in terms of an adapter that each client's script gives.

The adapter is a class with the methods used below; see `confluent.py` for the plainest one.
"""

import threading
from dataclasses import dataclass, field

from report import equal, run, wait_until


@dataclass
class Record:
    """A record to send. Headers are pairs in order; a key may come twice and a value may be None."""

    value: bytes | None
    key: bytes | None = None
    headers: list = field(default_factory=list)
    partition: int = 0
    timestamp: int | None = None


@dataclass
class Transaction:
    """Values to send in one transaction, and the offset that a group commits with it."""

    values: list
    offset: int
    commits: bool


@dataclass
class Message:
    """A record that was read."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: list


class Ledger:
    """Who owns which partition, and who processed what, over all members of one group."""

    def __init__(self):
        self.lock = threading.Lock()
        self.owners = {}
        self.processed = []
        self.faults = []
        self.revocations = []

    def assigned(self, member, partitions):
        with self.lock:
            for partition in partitions:
                owner = self.owners.get(partition)
                if owner not in (None, member):
                    self.faults.append(f"{partition} went to {member} while {owner} had it")
                self.owners[partition] = member

    def revoked(self, member, partitions):
        with self.lock:
            for partition in partitions:
                self.revocations.append((member, partition))
                if self.owners.get(partition) == member:
                    del self.owners[partition]

    def record(self, member, partition, value):
        with self.lock:
            if self.owners.get(partition) != member:
                self.faults.append(f"{member} got {value!r} of {partition}, which it does not own")
            self.processed.append(value)

    def shares(self):
        """How many partitions each member owns, by member."""
        with self.lock:
            owners = list(self.owners.values())
        return {member: owners.count(member) for member in sorted(set(owners))}

    def owned_by(self, member):
        with self.lock:
            return {partition for partition, owner in self.owners.items() if owner == member}

    def wait_for_shares(self, wanted):
        wait_until(lambda: self.shares() == wanted, lambda: f"shares {wanted}, they are {self.shares()}")

    def wait_for_records(self, count):
        wait_until(
            lambda: len(set(self.processed)) >= count,
            lambda: f"{count} records, got {len(set(self.processed))}",
        )

    def settle(self, wanted):
        """Every record once, and no partition with two owners."""
        equal(sorted(self.processed), sorted(wanted), "processed")
        equal(self.faults, [], "faults")


def values(count, name="v"):
    return [f"{name}{number}".encode() for number in range(count)]


def records(wanted, partitions=1):
    """Records for values, spread over the partitions in turn."""
    return [Record(value, partition=number % partitions) for number, value in enumerate(wanted)]


class Scenarios:
    """The checks, in the order of the matrix."""

    def __init__(self, client):
        self.client = client

    def topic(self, case, partitions=1):
        self.client.create_topic(case.topic, partitions)
        wait_until(lambda: self.client.topics().get(case.topic) == partitions, f"topic {case.topic}")

    def create(self, case):
        self.topic(case, 3)

    def compression(self, codec):
        def check(case):
            self.topic(case)
            wanted = [value * 50 for value in values(100)]
            self.client.produce(case.topic, records(wanted), compression=codec)
            equal([message.value for message in self.client.read(case.topic, 100)], wanted, "values")

        return check

    def odd_records(self):
        nulls = [("null", None)] if self.client.null_headers else []
        return [
            Record(None, key=b"k", headers=[("h", b"1"), ("h", b"2"), ("empty", b""), *nulls]),
            Record(b"\x00\xff", key=b""),
            Record(b"", key=None),
        ]

    def headers(self, case):
        self.topic(case)
        sent = self.odd_records()
        self.client.produce(case.topic, sent)
        got = [(m.key, m.value, m.headers) for m in self.client.read(case.topic, len(sent))]
        equal(got, [(r.key, r.value, r.headers) for r in sent], "records")
        return "" if self.client.null_headers else "without null header values, which the client does not send"

    def earliest(self, case):
        self.topic(case)
        self.client.produce(case.topic, records(values(50)))
        got = [(message.offset, message.value) for message in self.client.read(case.topic, 50)]
        equal(got, list(enumerate(values(50))), "records")

    def timestamp(self, case):
        self.topic(case)
        first = 1_600_000_000_000
        sent = [Record(value, timestamp=first + 1000 * n) for n, value in enumerate(values(10))]
        self.client.produce(case.topic, sent)
        offset = self.client.offset_for_time(case.topic, first + 5500)
        equal(offset, 6, "offset at the time")
        message = self.client.read(case.topic, 1, start=offset)[0]
        equal((message.timestamp, message.value), (first + 6000, b"v6"), "record at the time")

    def group(self, case):
        self.topic(case, 6)
        ledger = Ledger()
        sent = [values(120, name) for name in ["first", "second", "third"]]
        members = {name: self.client.member(ledger, case, name) for name in "abc"}
        ledger.wait_for_shares({"a": 2, "b": 2, "c": 2})
        self.client.produce(case.topic, records(sent[0], 6))
        ledger.wait_for_records(120)
        members.pop("c").leave()
        self.client.produce(case.topic, records(sent[1], 6))
        ledger.wait_for_shares({"a": 3, "b": 3})
        ledger.wait_for_records(240)
        members["d"] = self.client.member(ledger, case, "d")
        self.client.produce(case.topic, records(sent[2], 6))
        ledger.wait_for_shares({"a": 2, "b": 2, "d": 2})
        ledger.wait_for_records(360)
        for member in members.values():
            member.leave()
        ledger.settle(sum(sent, []))

    def broadcast(self, case):
        self.topic(case, 2)
        self.client.produce(case.topic, records(values(60), 2))
        for name in ["one", "two"]:
            got = self.client.take(f"{case.group}-{name}", case.topic, 60)
            equal(sorted(got), sorted(values(60)), f"group {name}")

    def resume(self, case):
        self.topic(case)
        self.client.produce(case.topic, records(values(20)))
        equal(self.client.take(case.group, case.topic, 10), values(20)[:10], "values before the commit")
        equal(self.client.committed(case.group, case.topic), 10, "committed offset")
        equal(self.client.take(case.group, case.topic, 10), values(20)[10:], "values after the commit")

    def idempotent(self, case):
        self.topic(case)
        offsets = self.client.produce(case.topic, records(values(200)), idempotent=True)
        equal(offsets, list(range(200)), "offsets")
        equal([message.value for message in self.client.read(case.topic, 200)], values(200), "values")

    def transactions(self, case):
        self.topic(case)
        kept, lost, more = values(5, "kept"), values(5, "lost"), values(5, "more")
        self.client.transact(case.topic, case.group, f"{case.topic}-id", [
            Transaction(kept, 3, True), Transaction(lost, 99, False), Transaction(more, 7, True),
        ])
        for isolation, wanted in [("read_committed", kept + more), ("read_uncommitted", kept + lost + more)]:
            got = [message.value for message in self.client.read(case.topic, len(wanted), isolation=isolation)]
            equal(got, wanted, isolation)
        equal(self.client.committed(case.group, case.topic), 7, "committed offset")

    def fencing(self, case):
        self.topic(case)
        heard = self.client.take_over(case.topic, f"{case.topic}-id", values(5, "old"), values(5, "new"))
        equal(heard is not None, True, "whether the first one's commit is refused")
        got = [message.value for message in self.client.read(case.topic, 5, isolation="read_committed")]
        equal(got, values(5, "new"), "read_committed")

    def cooperative(self, case):
        self.topic(case, 4)
        ledger = Ledger()
        first = self.client.member(ledger, case, "a", cooperative=True)
        ledger.wait_for_shares({"a": 4})
        second = self.client.member(ledger, case, "b", cooperative=True)
        ledger.wait_for_shares({"a": 2, "b": 2})
        equal(len(ledger.revocations), 2, "partitions that were taken from the first member")
        equal(ledger.faults, [], "faults")
        first.leave()
        second.leave()

    def static(self, case):
        self.topic(case, 4)
        ledger = Ledger()
        first = self.client.member(ledger, case, "a", instance="a")
        second = self.client.member(ledger, case, "b", instance="b")
        ledger.wait_for_shares({"a": 2, "b": 2})
        before, assignments = ledger.owned_by("b"), first.assignments
        second.leave()
        equal(ledger.shares(), {"a": 2}, "shares while the second member is away")
        second = self.client.member(ledger, case, "b", instance="b")
        ledger.wait_for_shares({"a": 2, "b": 2})
        equal(ledger.owned_by("b"), before, "partitions of the member that came back")
        equal(first.assignments, assignments, "assignments of the member that stayed")
        first.leave()
        second.leave()

    def configs(self, case):
        self.topic(case)
        equal(self.client.config(case.topic, "retention.ms"), "604800000", "default")
        self.client.alter_config(case.topic, "retention.ms", "123456789")
        wait_until(lambda: self.client.config(case.topic, "retention.ms") == "123456789", "the changed value")

    def groups(self, case):
        self.topic(case, 2)
        ledger = Ledger()
        member = self.client.member(ledger, case, "a")
        ledger.wait_for_shares({"a": 2})
        equal(case.group in self.client.groups(), True, "listed")
        equal(self.client.describe_group(case.group), ("stable", ["a"]), "state and client ids")
        member.leave()
        if not self.client.deletes_groups:
            return "listed and described; the client does not delete groups"
        self.client.delete_group(case.group)
        equal(case.group in self.client.groups(), False, "listed after it was deleted")

    def delete(self, case):
        self.topic(case)
        self.client.delete_topic(case.topic)
        wait_until(lambda: case.topic not in self.client.topics(), "the topic to vanish")


def main(checks):
    """Runs every check."""
    run(checks.client.version, {
        "create": checks.create,
        **{codec: checks.compression(codec) for codec in ["none", "gzip", "snappy", "lz4", "zstd"]},
        "headers": checks.headers,
        "earliest": checks.earliest,
        "timestamp": checks.timestamp,
        "group": checks.group,
        "broadcast": checks.broadcast,
        "resume": checks.resume,
        "idempotent": checks.idempotent,
        "transactions": checks.transactions,
        "fencing": checks.fencing,
        "cooperative": checks.cooperative,
        "static": checks.static,
        "configs": checks.configs,
        "groups": checks.groups,
        "delete": checks.delete,
    })
