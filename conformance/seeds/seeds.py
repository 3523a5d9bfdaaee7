"""What the project began with, on real data with two unmodified clients: a queue, a broadcast, an immutable log.

Starts the broker that `OTTLA` names on the folder `DATA` and prints one JSON line per feature; if `BOOTSTRAP` names a
broker that somebody else runs, that one is asked and never restarted. `FLIGHTS` is a folder with the data set's package,
`CLASS_PATH` says where `Worker` and the Java client are.
"""

import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import confluent_kafka
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

import flights

HERE = os.path.dirname(os.path.abspath(__file__))
PREFIX = os.environ["PREFIX"]
TOPIC = f"{PREFIX}-flights"
PARTITIONS = 6
WAIT_SECONDS = 90


class NotApplicable(Exception):
    """The text says why."""


class Broker:
    """The program under test, on a data directory that outlives it, or a broker of somebody else."""

    def __init__(self, data, address):
        self.data = data
        self.address = address
        self.process = None
        # What the immutable log holds, once it was read.
        self.content = None
        if not address:
            self.start()

    def start(self):
        command = [os.environ["OTTLA"], "serve", "--data", self.data, "--listen", "127.0.0.1:0"]
        command += ["--set", "group.initial.rebalance.delay.ms=1000"]
        log = open(self.data + ".stderr", "ab")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)
        self.address = json.loads(self.process.stdout.readline())["kafka"]

    def stop(self, how):
        if self.process is None:
            return
        self.process.send_signal(how)
        self.process.wait(30)
        self.process.stdout.close()


class Member:
    """A consumer in a process of its own, known by what it wrote down."""

    def __init__(self, broker, folder, group, language, number, pause_ms):
        self.path = os.path.join(folder, f"{group}-{number}")
        self.position, self.taken, self.last_assigned = 0, [], []
        python = [sys.executable, os.path.join(HERE, "worker.py")]
        java = ["java", "-Xmx256m", "-cp", os.environ["CLASS_PATH"], "Worker"]
        command = java if language == "java" else python
        self.process = subprocess.Popen(
            [*command, broker.address, TOPIC, group, self.path, str(pause_ms)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=open(self.path + ".err", "wb"),
        )

    def read(self):
        """Takes in what was written since the last look. What a killed member left of its last line does not count."""
        with contextlib.suppress(FileNotFoundError), open(self.path, encoding="ascii") as ledger:
            ledger.seek(self.position)
            *lines, rest = ledger.read().split("\n")
            self.position = ledger.tell() - len(rest)
            for line in lines:
                kind, *numbers = line.split()
                if kind == "assigned":
                    self.last_assigned = [int(number) for number in numbers[1:]]
                else:
                    self.taken.append(tuple(map(int, numbers)))

    def records(self):
        """(time, partition, offset, row) of each record, in the order in which they were processed."""
        self.read()
        return self.taken

    def assigned(self):
        self.read()
        return self.last_assigned

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.process.wait(30)


def wait_until(condition, what):
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        if deadline < time.monotonic():
            raise TimeoutError(f"waited {WAIT_SECONDS} s until {what}")
        time.sleep(0.1)


def languages(count):
    """Who plays the members: both languages in one group."""
    return [("python", "java")[number % 2] for number in range(count)]


def start_group(broker, folder, group, players, pause_ms=0):
    members = [Member(broker, folder, group, player, number, pause_ms) for number, player in enumerate(players)]
    wait_until(lambda: all(member.assigned() for member in members), f"every member of {group} has partitions")
    return members


def stop_all(members):
    for member in members:
        if member.process.poll() is None:
            member.stop()


def produce(broker, rows):
    producer = Producer(
        {"bootstrap.servers": broker.address, "enable.idempotence": True, "compression.type": "lz4", "linger.ms": 5}
    )
    failed = []
    for key, value in rows:
        while True:
            try:
                producer.produce(TOPIC, key=key, value=value, on_delivery=lambda error, _: error and failed.append(error))
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
    producer.flush(WAIT_SECONDS)
    assert not failed, f"{len(failed)} records were not acknowledged: {failed[0]}"


def check_order(rows, records):
    """Records of a partition are processed by offset, those of a key in the order in which they were produced."""
    last_time, last_row = {}, {}
    for at, partition, _, row in sorted(records, key=lambda record: (record[1], record[2])):
        assert last_time.get(partition, 0) <= at, f"partition {partition} was processed by two members at a time"
        last_time[partition] = at
        key = rows[row][0]
        if key is not None:
            assert last_row.get(key, -1) < row, f"{key}: row {row} came after row {last_row[key]}"
            last_row[key] = row


def queue(broker, folder, rows):
    """Three members share six partitions: every record is processed once, by one of them, in order."""
    members = start_group(broker, folder, f"{PREFIX}-workers", languages(3))
    try:
        wait_until(lambda: [len(member.assigned()) for member in members] == [2, 2, 2], "each member has two partitions")
        produce(broker, rows)
        wait_until(lambda: len(rows) <= sum(len(member.records()) for member in members), "all is processed")
    finally:
        stop_all(members)
    records = [record for member in members for record in member.records()]
    assert len(records) == len(rows), f"{len(records)} records were processed, {len(rows)} produced"
    assert sorted(row for *_, row in records) == list(range(len(rows))), "a record was processed twice"
    owners = {}
    for number, member in enumerate(members):
        for _, partition, _, _ in member.records():
            owners.setdefault(partition, set()).add(number)
    assert all(len(owner) == 1 for owner in owners.values()), f"a partition had several owners: {owners}"
    check_order(rows, records)
    shares = " + ".join(str(len(member.records())) for member in members)
    return f"{shares} records, members in {' and '.join(sorted(set(languages(3))))}"


def kill(broker, folder, rows):
    """One member is killed in the middle of its work: the others take over, and nothing is missed."""
    members = start_group(broker, folder, f"{PREFIX}-survivors", languages(3), pause_ms=20)
    try:
        victim = members[0]
        wait_until(lambda: 5_000 < len(victim.records()), "the victim is in the middle of its work")
        victim.stop(signal.SIGKILL)
        done = len(victim.records())
        rest = members[1:]
        done_rows = lambda: {row for member in members for *_, row in member.records()}
        wait_until(
            lambda: len(rows) <= sum(len(member.records()) for member in members) and len(done_rows()) == len(rows),
            "the others have done the rest",
        )
        owned = sorted(number for member in rest for number in member.assigned())
    finally:
        stop_all(members)
    assert owned == list(range(PARTITIONS)), f"the others own {owned}"
    again = sum(len(member.records()) for member in members) - len(rows)
    return f"killed after {done} records; {again} that it had not committed were done again"


def pubsub(broker, folder, rows):
    """Two more groups get every record."""
    players = languages(2)
    groups = [start_group(broker, folder, f"{PREFIX}-{player}", [player]) for player in players]
    members = [member for group in groups for member in group]
    try:
        wait_until(lambda: all(len(rows) <= len(member.records()) for member in members), "each group has everything")
    finally:
        stop_all(members)
    for member in members:
        assert sorted(row for *_, row in member.records()) == list(range(len(rows))), "a group missed a record"
        check_order(rows, member.records())
    return f"2 × {len(rows)} records, in {' and '.join(players)}"


def digest(broker):
    """One number for all that can be read: every offset, timestamp, key and value, partition by partition."""
    consumer = Consumer({"bootstrap.servers": broker.address, "group.id": f"{PREFIX}-reader", "enable.auto.commit": False})
    content, count = hashlib.sha256(), 0
    for partition in range(PARTITIONS):
        start, end = consumer.get_watermark_offsets(TopicPartition(TOPIC, partition), timeout=30)
        consumer.assign([TopicPartition(TOPIC, partition, start)])
        wanted = start
        while wanted < end:
            for record in consumer.consume(5_000, timeout=0.2):
                assert record.error() is None, record.error()
                assert record.offset() == wanted, f"offset {record.offset()} follows {wanted - 1}"
                _, timestamp = record.timestamp()
                content.update(b"%d %d %d " % (partition, wanted, timestamp))
                content.update(record.key() or b"")
                content.update(record.value())
                wanted += 1
                count += 1
    consumer.close()
    return content.hexdigest(), count


def immutable(broker, folder, rows):
    """Read twice, the log is the same to the byte, and its offsets have no gap."""
    first, again = digest(broker), digest(broker)
    assert first == again, "the second reading differs from the first"
    assert first[1] == len(rows), f"{first[1]} records can be read, {len(rows)} were produced"
    broker.content = first
    return f"{first[1]} records, offsets contiguous"


def restart(broker, folder, rows):
    """Also after a clean restart, and after the broker was killed."""
    if broker.process is None:
        raise NotApplicable("the broker is not ours to restart")
    for how in (signal.SIGTERM, signal.SIGKILL):
        broker.stop(how)
        broker.start()
        assert digest(broker) == broker.content, f"after {how.name} the log differs"
    return "after SIGTERM and after SIGKILL"


def main():
    print(json.dumps({"version": confluent_kafka.__version__}), flush=True)
    rows = flights.load(os.environ["FLIGHTS"])
    shutil.rmtree(os.environ["DATA"], ignore_errors=True)
    os.makedirs(os.environ["DATA"])
    with tempfile.TemporaryDirectory() as folder:
        broker = Broker(os.path.join(os.environ["DATA"], "log"), os.environ["BOOTSTRAP"])
        try:
            create_topic(broker)
            for check in (queue, kill, pubsub, immutable, restart):
                try:
                    report(check.__name__, True, check(broker, folder, rows))
                except NotApplicable as reason:
                    report(check.__name__, None, str(reason))
                except Exception as error:
                    report(check.__name__, False, f"{type(error).__name__}: {error}")
        finally:
            broker.stop(signal.SIGTERM)


def create_topic(broker):
    admin = AdminClient({"bootstrap.servers": broker.address})
    admin.create_topics([NewTopic(TOPIC, PARTITIONS, 1)])[TOPIC].result(30)


def report(feature, ok, note):
    print(json.dumps({"feature": feature, "ok": ok, "note": " ".join(note.split())}), flush=True)


if __name__ == "__main__":
    main()
