"""aiokafka: asyncio. One event loop runs in a thread; the adapter's plain methods wait for it."""

import asyncio
import threading
from importlib.metadata import version

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import KafkaError

from report import BOOTSTRAP, WAIT_SECONDS, NotApplicable, equal
from scenarios import Message, Scenarios, main

LOOP = asyncio.new_event_loop()


def wait(coroutine):
    return asyncio.run_coroutine_threadsafe(coroutine, LOOP).result(WAIT_SECONDS + 5)


def consumer(*topics, group=None, **settings):
    return AIOKafkaConsumer(
        *topics,
        bootstrap_servers=BOOTSTRAP,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        session_timeout_ms=6000,
        heartbeat_interval_ms=300,
        **settings,
    )


async def poll(reader, count):
    """Exactly `count` records."""
    records = []
    async with asyncio.timeout(WAIT_SECONDS):
        while len(records) < count:
            polled = await reader.getmany(timeout_ms=200, max_records=count - len(records))
            records.extend(record for batch in polled.values() for record in batch)
    return records


class Member(ConsumerRebalanceListener):
    """A member of a group in a task of its own, which commits what it processed."""

    def __init__(self, ledger, case, name, instance):
        self.ledger, self.name, self.stopping, self.assignments = ledger, name, False, 0
        self.consumer = consumer(
            group=case.group,
            client_id=name,
            group_instance_id=instance,
            partition_assignment_strategy=[RangePartitionAssignor],
        )
        self.consumer.subscribe([case.topic], listener=self)
        self.task = asyncio.run_coroutine_threadsafe(self.run(), LOOP)

    def on_partitions_assigned(self, assigned):
        self.assignments += 1
        self.ledger.assigned(self.name, [partition.partition for partition in assigned])

    def on_partitions_revoked(self, revoked):
        self.ledger.revoked(self.name, [partition.partition for partition in revoked])

    async def run(self):
        await self.consumer.start()
        while not self.stopping:
            polled = await self.consumer.getmany(timeout_ms=50)
            for partition, records in polled.items():
                for record in records:
                    self.ledger.record(self.name, partition.partition, record.value)
            if polled:
                await self.consumer.commit()
        # This client tells nobody that closing gives the partitions up.
        self.ledger.revoked(self.name, [partition.partition for partition in self.consumer.assignment()])
        await self.consumer.stop()

    def leave(self):
        self.stopping = True
        self.task.result(WAIT_SECONDS)


class Aiokafka:
    """The adapter."""

    version = version("aiokafka")
    null_headers = True
    deletes_groups = False

    def __init__(self):
        async def start():
            self.admin = AIOKafkaAdminClient(bootstrap_servers=BOOTSTRAP)
            await self.admin.start()

        wait(start())

    def create_topic(self, topic, partitions):
        response = wait(self.admin.create_topics([NewTopic(topic, partitions, 1)]))
        equal([error[1] for error in response.topic_errors], [0], "error codes")

    def topics(self):
        return {topic["topic"]: len(topic["partitions"]) for topic in wait(self.admin.describe_topics())}

    def delete_topic(self, topic):
        response = wait(self.admin.delete_topics([topic]))
        equal([error[1] for error in response.topic_error_codes], [0], "error codes")

    def produce(self, topic, records, compression="none", idempotent=False):
        async def send():
            producer = AIOKafkaProducer(
                bootstrap_servers=BOOTSTRAP,
                linger_ms=5,
                max_batch_size=2000,
                compression_type=None if compression == "none" else compression,
                enable_idempotence=idempotent,
            )
            await producer.start()
            sent = [
                await producer.send(
                    topic,
                    value=record.value,
                    key=record.key,
                    headers=record.headers,
                    partition=record.partition,
                    timestamp_ms=record.timestamp,
                )
                for record in records
            ]
            offsets = [(await future).offset for future in sent]
            await producer.stop()
            return offsets

        return wait(send())

    def transact(self, topic, group, transactional_id, transactions):
        async def send():
            producer = AIOKafkaProducer(bootstrap_servers=BOOTSTRAP, transactional_id=transactional_id)
            await producer.start()
            for transaction in transactions:
                await producer.begin_transaction()
                for value in transaction.values:
                    await producer.send_and_wait(topic, value=value, partition=0)
                offsets = {TopicPartition(topic, 0): transaction.offset}
                await producer.send_offsets_to_transaction(offsets, group)
                await (producer.commit_transaction() if transaction.commits else producer.abort_transaction())
            await producer.stop()

        wait(send())

    def take_over(self, topic, transactional_id, old, new):
        """The second one comes while the first one's transaction is open. Gives what the first one hears."""
        settings = {"bootstrap_servers": BOOTSTRAP, "transactional_id": transactional_id}

        async def compete():
            first, second, heard = AIOKafkaProducer(**settings), AIOKafkaProducer(**settings), None
            await first.start()
            await first.begin_transaction()
            for value in old:
                await first.send_and_wait(topic, value=value, partition=0)
            await second.start()
            try:
                await first.commit_transaction()
            except KafkaError as refused:
                heard = refused
            await second.begin_transaction()
            for value in new:
                await second.send_and_wait(topic, value=value, partition=0)
            await second.commit_transaction()
            await second.stop()
            return heard

        return wait(compete())

    def read(self, topic, count, start=0, isolation="read_uncommitted"):
        async def fetch():
            reader = consumer(isolation_level=isolation)
            await reader.start()
            reader.assign([TopicPartition(topic, 0)])
            reader.seek(TopicPartition(topic, 0), start)
            records = await poll(reader, count)
            await reader.stop()
            return records

        return [Message(r.offset, r.timestamp, r.key, r.value, list(r.headers)) for r in wait(fetch())]

    def offset_for_time(self, topic, timestamp):
        async def find():
            reader = consumer()
            await reader.start()
            found = await reader.offsets_for_times({TopicPartition(topic, 0): timestamp})
            await reader.stop()
            return found[TopicPartition(topic, 0)].offset

        return wait(find())

    def member(self, ledger, case, name, cooperative=False, instance=None):
        if cooperative:
            raise NotApplicable("the client rebalances eagerly only")

        async def join():
            return Member(ledger, case, name, instance)

        return wait(join())

    def take(self, group, topic, count):
        async def consume():
            reader = consumer(topic, group=group)
            await reader.start()
            records = await poll(reader, count)
            await reader.commit()
            await reader.stop()
            return [record.value for record in records]

        return wait(consume())

    def committed(self, group, topic):
        async def ask():
            reader = consumer(group=group)
            await reader.start()
            offset = await reader.committed(TopicPartition(topic, 0))
            await reader.stop()
            return offset

        return wait(ask())

    def config(self, topic, name):
        resource = ConfigResource(ConfigResourceType.TOPIC, topic)
        [response] = wait(self.admin.describe_configs([resource]))
        [(error, _, _, _, entries)] = response.resources
        equal(error, 0, "error code")
        return {entry[0]: entry[1] for entry in entries}[name]

    def alter_config(self, topic, name, value):
        [response] = wait(self.admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {name: value})]))
        equal([resource[0] for resource in response.resources], [0], "error codes")

    def groups(self):
        return [group[0] for group in wait(self.admin.list_consumer_groups())]

    def describe_group(self, group):
        [response] = wait(self.admin.describe_consumer_groups([group]))
        [(error, _, state, _, _, members, *_)] = response.groups
        equal(error, 0, "error code")
        return state.lower(), [member[1] for member in members]


if __name__ == "__main__":
    threading.Thread(target=LOOP.run_forever, daemon=True).start()
    main(Scenarios(Aiokafka()))
