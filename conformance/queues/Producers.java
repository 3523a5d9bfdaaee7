import java.time.Duration;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

/** Who fills the queues. */
final class Producers {
    /** How long a producer may need for anything while the broker dies and comes back. */
    private static final int PATIENCE_MS = 60_000;
    private static final int KEYS = 30;

    private Producers() {}

    /** Sends until the end; whatever error a record ends with, it may have been stored. */
    static void run(String topic, int number) {
        Random chance = Loop.chance(number);
        long value = (long) number << 32;
        AtomicInteger waiting = new AtomicInteger();
        var config = Loop.config(
            Queues.name(number), "enable.idempotence", true, "acks", "all", "linger.ms", 3, "max.block.ms", 20_000,
            "delivery.timeout.ms", PATIENCE_MS);
        try (var producer = new KafkaProducer<>(config, new StringSerializer(), new StringSerializer())) {
            while (!Loop.stopping) {
                for (int left = chance.nextInt(12); 0 <= left && waiting.get() < 500; left--) {
                    long sent = ++value;
                    waiting.incrementAndGet();
                    producer.send(record(topic, sent, chance), (metadata, error) -> {
                        waiting.decrementAndGet();
                        if (error == null) {
                            History.sent(metadata.topic() + "-" + metadata.partition(), metadata.offset(), sent);
                        }
                    });
                }
                Loop.pause(chance.nextInt(100));
            }
            producer.flush();
            producer.close(Duration.ofMillis(PATIENCE_MS));
        }
    }

    /** A key always goes to the same partition; some orders are for later. */
    private static ProducerRecord<String, String> record(String topic, long value, Random chance) {
        int key = chance.nextInt(KEYS);
        boolean hasKey = topic.equals(Queues.ORDERS) || key % 2 == 0;
        var record = new ProducerRecord<>(topic, key % Queues.PARTITIONS, hasKey ? "k" + key : null, Loop.payload(value));
        if (topic.equals(Queues.ORDERS) && chance.nextInt(12) == 0) {
            record.headers().add("ottla-delay", Integer.toString(200 + chance.nextInt(2000)).getBytes());
        }
        return record;
    }
}
