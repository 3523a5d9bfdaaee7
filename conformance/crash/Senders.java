import java.time.Duration;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringSerializer;

/** Producers outside transactions. Whatever error a record ends with, it may have been stored. */
final class Senders {
    private Senders() {}

    static KafkaProducer<String, String> create(Crash.Name name, Object... settings) {
        var config = Loop.config(name.client, settings);
        config.put("acks", "all");
        config.put("linger.ms", 3);
        config.put("delivery.timeout.ms", Crash.PATIENCE_MS);
        config.put("max.block.ms", 20_000);
        return new KafkaProducer<>(config, new StringSerializer(), new StringSerializer());
    }

    /** Hands a record to the producer; `done` runs when its fate is known. */
    static void send(KafkaProducer<String, String> producer, History.Sent sent, Runnable done) {
        TopicPartition partition = sent.partition;
        var record = new ProducerRecord<>(
            partition.topic(), partition.partition(), Long.toString(sent.value), Loop.payload(sent.value));
        producer.send(record, (metadata, error) -> {
            if (error == null) {
                sent.offset = metadata.offset();
            }
            done.run();
        });
    }

    static void run(String kind, String topic, int number) {
        Random chance = Loop.chance(number);
        var name = new Crash.Name(kind);
        boolean isIdempotent = kind.equals("idempotent");
        AtomicInteger waiting = new AtomicInteger();
        try (var producer = create(name, "enable.idempotence", isIdempotent, "compression.type", "snappy")) {
            while (!Loop.stopping) {
                for (int left = chance.nextInt(30); 0 <= left; left--) {
                    var sent = new History.Sent(Crash.anywhere(chance, topic), name.next());
                    waiting.incrementAndGet();
                    send(producer, sent, () -> {
                        waiting.decrementAndGet();
                        History.send(name.client, kind, sent);
                    });
                }
                Loop.pause(1000 < waiting.get() ? 100 : chance.nextInt(120));
            }
            producer.flush();
            producer.close(Duration.ofMillis(Crash.PATIENCE_MS));
        }
        if (waiting.get() != 0) {
            throw new AssertionError(waiting + " records of " + name.client + " without a fate");
        }
    }
}
