"""Orders on two partitions for ten workers: first a queue that keeps the order of keys, then a consumer group.

Either way the orders of one customer are processed one after the other. In the consumer group that leaves work for two
workers, one for each partition; the queue with queue.order=key gives work to all ten.
"""

import itertools
import time

from confluent_kafka import Producer

from example import PYTHON, Example

CUSTOMERS = 30
ORDERS = 20
WORKERS = 10


def main():
    run = Example("orders")
    known = run.ottla("queue", "settings", run.unique("try"), "queue.order=key", "--dry-run", check=False)
    if known.returncode == 0:
        queue = attempt(run, "share")
        run.check(len(queue.busy) == WORKERS, f"all {WORKERS} workers of the queue had orders")
        run.check(queue.at_once > 2, f"up to {queue.at_once} orders at once, from two partitions")
    else:
        # Apache Kafka, as the judge of the rest.
        print(f"  without a queue: {known.stderr.strip()}", flush=True)
        queue = None
    group = attempt(run, "consumer")
    run.check(len(group.busy) <= 2, "two workers of the consumer group had orders, one for each partition")
    if queue is not None:
        run.check(
            queue.seconds < group.seconds,
            f"the queue took {queue.seconds:.1f} s, the consumer group {group.seconds:.1f} s",
        )


class Attempt:
    """What came of the same orders in one kind of group."""

    def __init__(self, notes):
        self.busy = {worker for *_, worker in notes}
        starts, ends = [start for start, *_ in notes], [end for _, end, *_ in notes]
        self.seconds = (max(ends) - min(starts)) / 1e9
        steps = sorted([(at, 1) for at in starts] + [(at, -1) for at in ends])
        self.at_once = max(itertools.accumulate(step for _, step in steps))


def attempt(run, kind):
    topic, group = run.unique(f"orders-{kind}"), run.unique(f"clerks-{kind}")
    run.topic(topic, 2)
    if kind == "share":
        run.settings(group, "share.auto.offset.reset=earliest", "queue.order=key")
    workers = [run.start(PYTHON, "", topic, group, kind) for _ in range(WORKERS)]
    run.wait("all workers are ready", lambda: all(worker.lines() for worker in workers), 60)
    send(run.address, topic)
    count = CUSTOMERS * ORDERS
    run.wait(f"all {count} orders are processed", lambda: sum(len(w.lines()) - 1 for w in workers) >= count)
    # Nobody does an order again.
    time.sleep(1)
    run.stop()
    run.workers.clear()
    notes = []
    for worker in workers:
        for line in worker.lines()[1:]:
            start, end, customer, number = line.split()
            notes.append((int(start), int(end), customer, int(number), worker.number))
    print(f"{kind} group {group}:", flush=True)
    verify(run, notes)
    return Attempt(notes)


def send(address, topic):
    """The orders of all customers come mixed, those of one customer in order."""
    # Small batches: a share group hands out whole ones where it can, and here no single worker is to get all.
    producer = Producer({"bootstrap.servers": address, "enable.idempotence": True, "batch.num.messages": 5})
    for number in range(ORDERS):
        for customer in range(CUSTOMERS):
            producer.produce(topic, key=f"customer-{customer:02}", value=str(number))
    if producer.flush(60):
        raise SystemExit("some orders were not sent")


def verify(run, notes):
    orders = {}
    for start, end, customer, number, _ in sorted(notes):
        orders.setdefault(customer, []).append((number, start, end))
    count = CUSTOMERS * ORDERS
    run.check(len(notes) == count and len(orders) == CUSTOMERS, f"{count} orders in, {len(notes)} processed, each once")
    for customer, done in orders.items():
        if [number for number, *_ in done] != list(range(ORDERS)):
            run.fail(f"the orders of {customer} were processed as {[number for number, *_ in done]}")
        for (first, _, end), (second, start, _) in itertools.pairwise(done):
            if start < end:
                run.fail(f"order {second} of {customer} began {end - start} ns before order {first} was done")
    run.check(True, "the orders of each customer were processed in order, never two at a time")


if __name__ == "__main__":
    main()
