"""kafka-python, pure Python."""

import threading

import kafka
from kafka import (
    ConsumerRebalanceListener,
    KafkaAdminClient,
    KafkaConsumer,
    KafkaProducer,
    OffsetAndMetadata,
    TopicPartition,
)
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.errors import KafkaError

from report import BOOTSTRAP, wait_until
from scenarios import Message, Scenarios, main


def consumer(group, **settings):
    return KafkaConsumer(
        bootstrap_servers=BOOTSTRAP,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        session_timeout_ms=6000,
        heartbeat_interval_ms=300,
        **settings,
    )


def poll(reader, count):
    """Exactly `count` records."""
    records = []

    def enough():
        polled = reader.poll(timeout_ms=200, max_records=count - len(records))
        records.extend(record for batch in polled.values() for record in batch)
        return len(records) >= count

    wait_until(enough, lambda: f"{count} records, got {len(records)}")
    return records


def send(producer, topic, texts):
    """Until all are sent."""
    for value in texts:
        producer.send(topic, value=value, partition=0)
    producer.flush(20)


class Member(threading.Thread, ConsumerRebalanceListener):
    """A member of a group in a thread of its own, which commits what it processed."""

    def __init__(self, ledger, case, name, settings):
        super().__init__(daemon=True)
        self.ledger, self.name, self.stopping = ledger, name, threading.Event()
        self.assignments = 0
        self.consumer = consumer(case.group, client_id=name, **settings)
        self.consumer.subscribe([case.topic], listener=self)
        self.start()

    def on_partitions_assigned(self, assigned):
        self.assignments += 1
        self.ledger.assigned(self.name, [partition.partition for partition in assigned])

    def on_partitions_revoked(self, revoked):
        self.ledger.revoked(self.name, [partition.partition for partition in revoked])

    def run(self):
        while not self.stopping.is_set():
            polled = self.consumer.poll(timeout_ms=50)
            for partition, records in polled.items():
                for record in records:
                    self.ledger.record(self.name, partition.partition, record.value)
            if polled:
                self.consumer.commit()
        self.consumer.close()

    def leave(self):
        self.stopping.set()
        self.join()


class KafkaPython:
    """The adapter."""

    version = kafka.__version__
    null_headers = False
    deletes_groups = True

    def __init__(self):
        self.admin = KafkaAdminClient(bootstrap_servers=BOOTSTRAP)

    def create_topic(self, topic, partitions):
        self.admin.create_topics({topic: {"num_partitions": partitions, "replication_factor": 1}})

    def topics(self):
        return {topic["name"]: len(topic["partitions"]) for topic in self.admin.describe_topics()}

    def delete_topic(self, topic):
        self.admin.delete_topics([topic])

    def produce(self, topic, records, compression="none", idempotent=False):
        producer = KafkaProducer(
            bootstrap_servers=BOOTSTRAP,
            linger_ms=5,
            batch_size=1000,
            compression_type=None if compression == "none" else compression,
            enable_idempotence=idempotent,
        )
        sent = [
            producer.send(
                topic,
                value=record.value,
                key=record.key,
                headers=record.headers,
                partition=record.partition,
                timestamp_ms=record.timestamp,
            )
            for record in records
        ]
        offsets = [future.get(20).offset for future in sent]
        producer.close()
        return offsets

    def transact(self, topic, group, transactional_id, transactions):
        producer = KafkaProducer(bootstrap_servers=BOOTSTRAP, transactional_id=transactional_id)
        producer.init_transactions()
        for transaction in transactions:
            producer.begin_transaction()
            # An abort drops what has not been sent.
            send(producer, topic, transaction.values)
            offsets = {TopicPartition(topic, 0): OffsetAndMetadata(transaction.offset, "", -1)}
            producer.send_offsets_to_transaction(offsets, group)
            producer.commit_transaction() if transaction.commits else producer.abort_transaction()
        producer.close()

    def take_over(self, topic, transactional_id, old, new):
        """The second one comes while the first one's transaction is open. Gives what the first one hears."""
        settings = {"bootstrap_servers": BOOTSTRAP, "transactional_id": transactional_id}
        first, second, heard = KafkaProducer(**settings), KafkaProducer(**settings), None
        first.init_transactions()
        first.begin_transaction()
        send(first, topic, old)
        second.init_transactions()
        try:
            first.commit_transaction()
        except KafkaError as refused:
            heard = refused
        second.begin_transaction()
        send(second, topic, new)
        second.commit_transaction()
        first.close(1)
        second.close()
        return heard

    def read(self, topic, count, start=0, isolation="read_uncommitted"):
        reader = consumer(None, isolation_level=isolation)
        reader.assign([TopicPartition(topic, 0)])
        reader.seek(TopicPartition(topic, 0), start)
        records = poll(reader, count)
        reader.close()
        return [Message(r.offset, r.timestamp, r.key, r.value, list(r.headers)) for r in records]

    def offset_for_time(self, topic, timestamp):
        reader = consumer(None)
        found = reader.offsets_for_times({TopicPartition(topic, 0): timestamp})
        reader.close()
        return found[TopicPartition(topic, 0)].offset

    def member(self, ledger, case, name, cooperative=False, instance=None):
        assignor = CooperativeStickyAssignor if cooperative else RangePartitionAssignor
        settings = {"partition_assignment_strategy": [assignor], "group_instance_id": instance}
        return Member(ledger, case, name, settings)

    def take(self, group, topic, count):
        reader = consumer(group)
        reader.subscribe([topic])
        records = poll(reader, count)
        reader.commit()
        reader.close()
        return [record.value for record in records]

    def committed(self, group, topic):
        reader = consumer(group)
        offset = reader.committed(TopicPartition(topic, 0))
        reader.close()
        return offset

    def config(self, topic, name):
        resource = ConfigResource(ConfigResourceType.TOPIC, topic)
        described = self.admin.describe_configs([resource], config_filter="all")
        return described["topic"][topic][name]["value"]

    def alter_config(self, topic, name, value):
        self.admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {name: value})])

    def groups(self):
        return [group["group_id"] for group in self.admin.list_groups()]

    def describe_group(self, group):
        described = self.admin.describe_groups([group])[group]
        return described["group_state"].lower(), [member["client_id"] for member in described["members"]]

    def delete_group(self, group):
        self.admin.delete_groups([group])


if __name__ == "__main__":
    main(Scenarios(KafkaPython()))
