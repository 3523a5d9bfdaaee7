"""confluent-kafka for Python, on the librdkafka that its wheel carries."""

import threading

import confluent_kafka
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewTopic

from report import BOOTSTRAP, equal, wait_until
from scenarios import Message, Scenarios, main


def consumer(group, **settings):
    return Consumer({
        "bootstrap.servers": BOOTSTRAP,
        "group.id": group,
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "session.timeout.ms": 6000,
        "heartbeat.interval.ms": 300,
        **settings,
    })


def poll(reader, count):
    """Exactly `count` messages."""
    messages = []

    def enough():
        messages.extend(message for message in reader.consume(count - len(messages), 0.2) if not message.error())
        return len(messages) >= count

    wait_until(enough, lambda: f"{count} records, got {len(messages)}")
    return messages


def send(producer, topic, texts):
    """Until all are sent."""
    for value in texts:
        producer.produce(topic, value=value, partition=0)
    equal(producer.flush(20), 0, "records that were not sent")


class Member(threading.Thread):
    """A member of a group in a thread of its own, which commits what it processed."""

    def __init__(self, ledger, case, name, settings):
        super().__init__(daemon=True)
        self.ledger, self.name, self.stopping = ledger, name, threading.Event()
        self.assignments = 0
        self.consumer = consumer(case.group, **{"client.id": name}, **settings)
        self.consumer.subscribe([case.topic], on_assign=self.on_assign, on_revoke=self.on_revoke)
        self.start()

    def on_assign(self, _, partitions):
        self.assignments += 1
        self.ledger.assigned(self.name, [partition.partition for partition in partitions])

    def on_revoke(self, _, partitions):
        self.ledger.revoked(self.name, [partition.partition for partition in partitions])

    def run(self):
        while not self.stopping.is_set():
            messages = [message for message in self.consumer.consume(50, 0.05) if not message.error()]
            for message in messages:
                self.ledger.record(self.name, message.partition(), message.value())
            if messages:
                self.consumer.commit(asynchronous=False)
        self.consumer.close()

    def leave(self):
        self.stopping.set()
        self.join()


class Confluent:
    """The adapter."""

    version = f"{confluent_kafka.version()} (librdkafka {confluent_kafka.libversion()[0]})"
    null_headers = True
    deletes_groups = True

    def __init__(self):
        self.admin = AdminClient({"bootstrap.servers": BOOTSTRAP})

    def create_topic(self, topic, partitions):
        self.admin.create_topics([NewTopic(topic, partitions, 1)])[topic].result(20)

    def topics(self):
        return {name: len(topic.partitions) for name, topic in self.admin.list_topics(timeout=10).topics.items()}

    def delete_topic(self, topic):
        self.admin.delete_topics([topic])[topic].result(20)

    def produce(self, topic, records, compression="none", idempotent=False):
        delivered, errors = [], []

        def on_delivery(error, message):
            errors.append(error) if error else delivered.append(message.offset())

        producer = Producer({
            "bootstrap.servers": BOOTSTRAP,
            "linger.ms": 5,
            "batch.num.messages": 40,
            "compression.type": compression,
            "enable.idempotence": idempotent,
        })
        for record in records:
            producer.produce(
                topic,
                value=record.value,
                key=record.key,
                headers=record.headers,
                partition=record.partition,
                timestamp=record.timestamp or 0,
                on_delivery=on_delivery,
            )
        equal(producer.flush(20), 0, "records that were not sent")
        equal(errors, [], "delivery errors")
        return delivered

    def transact(self, topic, group, transactional_id, transactions):
        producer = Producer({"bootstrap.servers": BOOTSTRAP, "transactional.id": transactional_id})
        producer.init_transactions(20)
        member = consumer(group)
        for transaction in transactions:
            producer.begin_transaction()
            # An abort drops what has not been sent.
            send(producer, topic, transaction.values)
            offsets = [TopicPartition(topic, 0, transaction.offset)]
            producer.send_offsets_to_transaction(offsets, member.consumer_group_metadata(), 20)
            producer.commit_transaction(20) if transaction.commits else producer.abort_transaction(20)
        member.close()

    def take_over(self, topic, transactional_id, old, new):
        """The second one comes while the first one's transaction is open. Gives what the first one hears."""
        settings = {"bootstrap.servers": BOOTSTRAP, "transactional.id": transactional_id}
        first, second, heard = Producer(settings), Producer(settings), None
        first.init_transactions(20)
        first.begin_transaction()
        send(first, topic, old)
        second.init_transactions(20)
        try:
            first.commit_transaction(20)
        except KafkaException as refused:
            heard = refused
        second.begin_transaction()
        send(second, topic, new)
        second.commit_transaction(20)
        return heard

    def read(self, topic, count, start=0, isolation="read_committed"):
        reader = consumer("unused", **{"isolation.level": isolation})
        reader.assign([TopicPartition(topic, 0, start)])
        messages = poll(reader, count)
        reader.close()
        return [Message(m.offset(), m.timestamp()[1], m.key(), m.value(), m.headers() or []) for m in messages]

    def offset_for_time(self, topic, timestamp):
        reader = consumer("unused")
        found = reader.offsets_for_times([TopicPartition(topic, 0, timestamp)], timeout=10)
        reader.close()
        return found[0].offset

    def member(self, ledger, case, name, cooperative=False, instance=None):
        settings = {"group.instance.id": instance} if instance else {}
        settings["partition.assignment.strategy"] = "cooperative-sticky" if cooperative else "range"
        return Member(ledger, case, name, settings)

    def take(self, group, topic, count):
        reader = consumer(group)
        reader.subscribe([topic])
        messages = poll(reader, count)
        reader.commit(asynchronous=False)
        reader.close()
        return [message.value() for message in messages]

    def committed(self, group, topic):
        reader = consumer(group)
        offset = reader.committed([TopicPartition(topic, 0)], 10)[0].offset
        reader.close()
        return offset

    def config(self, topic, name):
        resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
        return self.admin.describe_configs([resource])[resource].result(20)[name].value

    def alter_config(self, topic, name, value):
        change = ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
        resource = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=[change])
        self.admin.incremental_alter_configs([resource])[resource].result(20)

    def groups(self):
        return [group.group_id for group in self.admin.list_consumer_groups().result(20).valid]

    def describe_group(self, group):
        described = self.admin.describe_consumer_groups([group])[group].result(20)
        return described.state.name.lower(), [member.client_id for member in described.members]

    def delete_group(self, group):
        self.admin.delete_consumer_groups([group])[group].result(20)


if __name__ == "__main__":
    main(Scenarios(Confluent()))
