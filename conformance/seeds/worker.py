"""A member of a group. It writes what happens to it into a file, one line each, with the machine's monotonic clock:

    assigned NANOSECONDS PARTITION…
    record NANOSECONDS PARTITION OFFSET ROW

Usage: worker.py BOOTSTRAP TOPIC GROUP FILE PAUSE-MS. It pauses after each batch of records, as if it had work to do,
commits, and goes on until it is stopped. `Worker.java` is the same for Java.
"""

import json
import signal
import sys
import time

from confluent_kafka import Consumer

BATCH = 500


def main(bootstrap, topic, group, path, pause_ms):
    running = [True]
    signal.signal(signal.SIGTERM, lambda *_: running.clear())
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "partition.assignment.strategy": "range",
            "session.timeout.ms": 6000,
            "heartbeat.interval.ms": 500,
        }
    )
    with open(path, "w", encoding="ascii", buffering=1 << 20) as ledger:

        def assigned(_, partitions):
            numbers = " ".join(str(partition.partition) for partition in partitions)
            ledger.write(f"assigned {time.monotonic_ns()} {numbers}\n")
            ledger.flush()

        consumer.subscribe([topic], on_assign=assigned)
        while running:
            records = consumer.consume(BATCH, timeout=0.1)
            for record in records:
                if record.error():
                    continue
                row = json.loads(record.value())["row"]
                ledger.write(f"record {time.monotonic_ns()} {record.partition()} {record.offset()} {row}\n")
            if records:
                ledger.flush()
                time.sleep(int(pause_ms) / 1000)
                consumer.commit(asynchronous=False)
    consumer.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
