"""Ottla's files and Apache Kafka's are the same: Kafka's dump tool reads ours, and `ottla import` takes Kafka's.

`OTTLA` names the program, `DATA` a folder for what both brokers write, `SERVER` the class path of a Kafka broker and
`TOOLS` that of Kafka's tools. Prints one JSON line per feature.
"""

import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import traceback

import confluent_kafka
from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic

DATA = os.environ["DATA"]
OTTLA = os.environ["OTTLA"]
JAVA = ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
WAIT_SECONDS = 60
CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
# Small ones, so that there are several.
SEGMENT = {"segment.bytes": "1048576"}
TOPICS = {
    "plain": (3, SEGMENT),
    "codecs": (len(CODECS), {"retention.ms": "-1"}),
    "transactional": (2, {}),
    "table": (1, {"cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0.01", "segment.ms": "1000"}),
    "stamped": (1, {"message.timestamp.type": "LogAppendTime"}),
    "empty": (2, {}),
}


class Server:
    """A broker's process."""

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.process.wait(WAIT_SECONDS)

    def log(self, name):
        return open(os.path.join(DATA, f"{name}.log"), "ab")


class Ottla(Server):
    def __init__(self, data):
        self.data = data
        self.start()

    def start(self):
        command = [OTTLA, "serve", "--data", self.data, "--listen", "127.0.0.1:0"]
        command += ["--set", "group.initial.rebalance.delay.ms=0", "--set", "log.cleaner.backoff.ms=200"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log("ottla"))
        self.address = json.loads(self.process.stdout.readline())["kafka"]


class Kafka(Server):
    """One broker that is its own controller."""

    def __init__(self, folder):
        self.data = os.path.join(folder, "kafka")
        ports = [free_port(), free_port()]
        self.address = f"127.0.0.1:{ports[0]}"
        listeners = f"PLAINTEXT://{self.address},CONTROLLER://127.0.0.1:{ports[1]}"
        settings = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.bootstrap.servers": f"127.0.0.1:{ports[1]}",
            "listeners": listeners,
            "advertised.listeners": listeners,
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "PLAINTEXT",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            "log.dirs": self.data,
            "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "5",
            "transaction.state.log.num.partitions": "5",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            "log.cleaner.backoff.ms": "200",
        }
        self.settings = os.path.join(folder, "server.properties")
        with open(self.settings, "w") as file:
            file.writelines(f"{name}={value}\n" for name, value in settings.items())
        self.java("kafka.tools.StorageTool", "format", "-t", "AAAAAAAAAAAAAAAAAAAAAQ", "-c", self.settings, "--standalone")
        self.start()

    def java(self, *words):
        subprocess.run([*JAVA, "-cp", os.environ["SERVER"], *words], check=True, stdout=self.log("kafka"), stderr=self.log("kafka"))

    def start(self):
        command = [*JAVA, "-Xmx512m", "-cp", os.environ["SERVER"], "kafka.Kafka", self.settings]
        self.process = subprocess.Popen(command, stdout=self.log("kafka"), stderr=self.log("kafka"))
        admin = AdminClient({"bootstrap.servers": self.address, "log_level": 0})
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            try:
                admin.list_topics(timeout=1)
                return
            except confluent_kafka.KafkaException:
                time.sleep(0.2)
        raise TimeoutError("Kafka does not start")


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def value(topic, number, size=200):
    """Text that compresses, but not to nothing."""
    seed = hashlib.sha256(f"{topic} {number}".encode()).hexdigest()
    return (seed * (size // len(seed) + 1))[:size].encode()


def fill(address):
    """Topics of every kind, with records of every kind."""
    admin = AdminClient({"bootstrap.servers": address})
    new = [NewTopic(name, partitions, 1, config=config) for name, (partitions, config) in TOPICS.items()]
    for made in admin.create_topics(new).values():
        made.result(WAIT_SECONDS)
    produce_plain(address)
    for partition, codec in enumerate(CODECS):
        producer = Producer({"bootstrap.servers": address, "compression.type": codec, "linger.ms": 50})
        for number in range(200):
            headers = [("n", str(number).encode()), ("n", None), ("", b"")] if number % 3 == 0 else None
            producer.produce("codecs", value(codec, number), key=None if number % 5 else b"", partition=partition, headers=headers)
        flush(producer)
    producer = Producer({"bootstrap.servers": address, "linger.ms": 5})
    for number in range(3000):
        content = None if number % 100 == 99 else value("table", number)
        producer.produce("table", content, key=f"key {number % 50}".encode())
        if number % 500 == 499:
            # Lets a segment become old enough to roll, and be compacted.
            flush(producer)
            time.sleep(1.1)
    for number in range(100):
        producer.produce("stamped", value("stamped", number), timestamp=1_600_000_000_000)
    flush(producer)


def produce_plain(address):
    """Several segments by an idempotent producer."""
    producer = Producer({"bootstrap.servers": address, "enable.idempotence": True, "batch.size": 20_000, "linger.ms": 5})
    for number in range(12_000):
        producer.produce("plain", value("plain", number, 400), partition=number % 3, timestamp=1_700_000_000_000 + number)
        producer.poll(0)
    flush(producer)


def flush(producer):
    left = producer.flush(WAIT_SECONDS)
    if left:
        raise TimeoutError(f"{left} records were not acknowledged")


def transact(address):
    """Transactions that commit, abort and overlap, with and without offsets."""
    settings = {"bootstrap.servers": address, "linger.ms": 5}
    first, second = (Producer({**settings, "transactional.id": name}) for name in ["one", "two"])
    reader = Consumer({**settings, "group.id": "in-transactions", "enable.auto.commit": False})
    reader.subscribe(["codecs"])
    poll_until_assigned(reader)
    for producer in [first, second]:
        producer.init_transactions(WAIT_SECONDS)
    for number in range(40):
        ends = []
        for producer, aborts in [(first, number % 3 == 0), (second, number % 4 == 1)]:
            producer.begin_transaction()
            for record in range(5):
                producer.produce("transactional", value("transactional", number * 10 + record), partition=record % 2)
            if producer is first:
                position = [TopicPartition("codecs", 0, number + (100 if aborts else 0))]
                producer.send_offsets_to_transaction(position, reader.consumer_group_metadata(), WAIT_SECONDS)
            producer.flush(WAIT_SECONDS)
            ends.append(producer.abort_transaction if aborts else producer.commit_transaction)
        for end in ends:
            end(WAIT_SECONDS)
    reader.close()


def poll_until_assigned(reader):
    deadline = time.monotonic() + WAIT_SECONDS
    while not reader.assignment():
        reader.poll(0.1)
        if time.monotonic() > deadline:
            raise TimeoutError("no assignment")


def commit_offsets(address):
    """Groups of every kind: of members that left, of both protocols, and of an admin's making."""
    for group, protocol in [("classic", "classic"), ("next-generation", "consumer")]:
        settings = {"bootstrap.servers": address, "group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False}
        reader = Consumer({**settings, "group.protocol": protocol})
        reader.subscribe(["plain", "codecs"])
        taken = 0
        while taken < 500:
            taken += len(reader.consume(100, 1))
        reader.commit(asynchronous=False)
        reader.close()
    admin = AdminClient({"bootstrap.servers": address})
    offsets = [TopicPartition("plain", 1, 17, "metadata, ✓"), TopicPartition("table", 0, 2000)]
    for done in admin.alter_consumer_group_offsets([ConsumerGroupTopicPartitions("simple", offsets)]).values():
        done.result(WAIT_SECONDS)


def records(address, isolation):
    """Every record of every topic, as a consumer of that isolation sees it."""
    settings = {"bootstrap.servers": address, "group.id": "reader", "isolation.level": isolation, "enable.partition.eof": True}
    reader = Consumer({**settings, "enable.auto.commit": False, "fetch.wait.max.ms": 10})
    partitions = [TopicPartition(topic, index, 0) for topic, (count, _) in TOPICS.items() for index in range(count)]
    ends = {(p.topic, p.partition): reader.get_watermark_offsets(p, WAIT_SECONDS) for p in partitions}
    for p in partitions:
        p.offset = ends[p.topic, p.partition][0]
    reader.assign(partitions)
    found, open_partitions = [], {(p.topic, p.partition) for p in partitions}
    deadline = time.monotonic() + WAIT_SECONDS
    while open_partitions and time.monotonic() < deadline:
        for m in reader.consume(1000, 0.5):
            place = (m.topic(), m.partition())
            if m.error() is None:
                found.append((*place, m.offset(), m.key(), m.value(), m.headers(), m.timestamp(), m.leader_epoch()))
            elif m.error().code() == confluent_kafka.KafkaError._PARTITION_EOF:
                open_partitions.discard(place)
            else:
                raise confluent_kafka.KafkaException(m.error())
    reader.close()
    equal(open_partitions, set(), "partitions without an end")
    return sorted(found, key=lambda record: record[:3]), ends


def committed(address):
    """What every group has committed."""
    admin = AdminClient({"bootstrap.servers": address})
    groups = sorted(group.group_id for group in admin.list_consumer_groups().result(WAIT_SECONDS).valid)
    found = {}
    for group in groups:
        [result] = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)]).values()
        for p in result.result(WAIT_SECONDS).topic_partitions:
            found[group, p.topic, p.partition] = (p.offset, p.metadata or None, p.leader_epoch)
    return found


def described(address):
    """Ids and own settings of the topics."""
    admin = AdminClient({"bootstrap.servers": address})
    names = confluent_kafka.TopicCollection(list(TOPICS))
    ids = {name: str(topic.result(WAIT_SECONDS).topic_id) for name, topic in admin.describe_topics(names).items()}
    resources = [ConfigResource(ConfigResource.Type.TOPIC, name) for name in TOPICS]
    settings = {}
    for resource, result in admin.describe_configs(resources).items():
        own = [entry for entry in result.result(WAIT_SECONDS).values() if entry.source == 1]
        settings[resource.name] = {entry.name: entry.value for entry in own}
    return ids, settings


def ottla(*words):
    done = subprocess.run([OTTLA, *words], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"ottla {words[0]}: {done.stderr}{done.stdout}")
    return done.stdout


def contents(folder):
    """A digest of every file."""
    found = {}
    for place, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(place, name), "rb") as file:
                found[os.path.relpath(os.path.join(place, name), folder)] = hashlib.sha256(file.read()).hexdigest()
    return found


def dump_tool(files, *flags):
    """What DumpLogSegments prints; it complains on standard error, with status 0."""
    words = ["org.apache.kafka.tools.DumpLogSegments", *flags, "--files", ",".join(files)]
    done = subprocess.run([*JAVA, "-cp", os.environ["TOOLS"], *words], capture_output=True, text=True)
    equal(done.returncode, 0, f"status of DumpLogSegments {flags}: {done.stderr[-300:]}")
    # Of every file that does not begin at 0, also of Kafka's own, the tool of 4.3.1 says this; and compaction leaves gaps.
    said = re.sub(r"Non-consecutive offsets in \S+\n +-1 is followed by \d+\n", "", done.stdout + done.stderr)
    said = re.sub(r"Non-consecutive offsets in \S+/table-\S+\n( +-?\d+ is followed by \d+\n)+", "", said)
    faults = [line for line in said.splitlines() if re.search(COMPLAINTS, line)]
    equal(faults, [], f"complaints about {flags}")
    return done.stdout


COMPLAINTS = r"isvalid: false|[Mm]ismatch|[Nn]on.consecutive|[Oo]ut of order|not found|Found .* different|Exception|corrupt|invalid|ERROR"


def check_with_dump_tool(data, ends):
    """Every file of every partition. Returns how many records the tool has seen."""
    by_kind = {}
    for topic, (partitions, _) in TOPICS.items():
        for index in range(partitions):
            folder = os.path.join(data, f"{topic}-{index}")
            for name in sorted(os.listdir(folder)):
                by_kind.setdefault(os.path.splitext(name)[1], []).append(os.path.join(folder, name))
    compacted = [path for path in by_kind[".log"] if "/table-" in path]
    kept = len(re.findall(r"^\| offset: ", dump_tool(compacted, "--deep-iteration"), re.MULTILINE))
    start, end = ends["table", 0]
    if not 50 <= kept < end - start:
        raise AssertionError(f"compaction has kept {kept} of {end - start} records")
    logs = [path for path in by_kind[".log"] if path not in compacted]
    seen = len(re.findall(r"^\| offset: ", dump_tool(logs, "--deep-iteration"), re.MULTILINE))
    wanted = sum(end - start for (topic, _), (start, end) in ends.items() if topic != "table")
    equal(seen, wanted, "records of DumpLogSegments")
    indexes = [path for path in by_kind[".index"] + by_kind[".timeindex"] if os.path.getsize(path)]
    dump_tool(indexes, "--verify-index-only")
    sane = len(re.findall(r"passed sanity check", dump_tool(indexes, "--index-sanity-check")))
    equal(sane, len(indexes), "indexes that passed the sanity check")
    dump_tool(indexes)
    producers = len(re.findall(r"^producerId: ", dump_tool(by_kind[".snapshot"]), re.MULTILINE))
    if not producers:
        raise AssertionError("the snapshots have no producer")
    aborted = [path for path in by_kind[".txnindex"] if os.path.getsize(path)]
    aborts = len(re.findall(r"producerId: ", dump_tool(aborted))) if aborted else 0
    return f"{seen} records, {len(indexes)} indexes, {producers} producers, {aborts} aborted transactions, {kept} records of {end - start} after compaction"


def dump():
    broker = Ottla(fresh("dump"))
    try:
        fill(broker.address)
        transact(broker.address)
        # What recovery makes must be as good as what was made before.
        broker.stop(signal.SIGKILL)
        broker.start()
        produce_plain(broker.address)
        _, ends = records(broker.address, "read_uncommitted")
    finally:
        broker.stop()
    ottla("log", "verify", "--deep", "--data", broker.data)
    return check_with_dump_tool(broker.data, ends)


def take_over():
    folder = fresh("import")
    os.makedirs(folder)
    kafka = Kafka(folder)
    try:
        fill(kafka.address)
        transact(kafka.address)
        commit_offsets(kafka.address)
        refused = subprocess.run([OTTLA, "import", kafka.data, "--data", folder + "/refused"], capture_output=True, text=True)
        equal(refused.returncode, 4, f"status for a directory in use: {refused.stderr}")
        wanted = [records(kafka.address, isolation) for isolation in ["read_uncommitted", "read_committed"]]
        groups, topics = committed(kafka.address), described(kafka.address)
    finally:
        kafka.stop()
    before = contents(kafka.data)
    ottla("import", kafka.data, "--dry-run")
    for how in [[], ["--link"]]:
        target = os.path.join(folder, "linked" if how else "copied")
        ottla("import", kafka.data, "--data", target, *how)
        ottla("log", "verify", "--deep", "--data", target)
        broker = Ottla(target)
        try:
            got = [records(broker.address, isolation) for isolation in ["read_uncommitted", "read_committed"]]
            for wanted_records, got_records in zip(wanted, got):
                equal(got_records[1], wanted_records[1], "offsets")
                compare(got_records[0], wanted_records[0])
            equal(committed(broker.address), groups, "committed offsets")
            equal(described(broker.address), topics, "topics")
            produce_plain(broker.address)
        finally:
            broker.stop()
    equal(contents(kafka.data), before, "Kafka's directory")
    return f"{len(wanted[0][0])} records, {len(wanted[1][0])} of them committed, {len(groups)} positions of groups"


def compare(got, wanted):
    for have, want in zip(got, wanted):
        equal(have, want, "record")
    equal(len(got), len(wanted), "number of records")


def equal(got, wanted, what):
    if got != wanted:
        raise AssertionError(f"{what}: got {repr(got)[:400]}, wanted {repr(wanted)[:400]}")


def fresh(name):
    path = os.path.join(DATA, name)
    shutil.rmtree(path, ignore_errors=True)
    return path


def main():
    os.makedirs(DATA, exist_ok=True)
    print(json.dumps({"version": f"4.4.0, librdkafka {confluent_kafka.libversion()[0]}"}), flush=True)
    for feature, check in {"dump": dump, "import": take_over}.items():
        try:
            report = {"feature": feature, "ok": True, "note": check()}
        except Exception as error:
            traceback.print_exc()
            report = {"feature": feature, "ok": False, "note": " ".join(f"{type(error).__name__}: {error}".split())}
        print(json.dumps(report), flush=True)


main()
