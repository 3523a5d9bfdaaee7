import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/**
 * Consume, transform, produce: a member of a group that copies its input in transactions, offsets included.
 *
 * <p>The input's offsets have no gaps, for nobody writes to it in transactions, so the ranges that committed
 * transactions consumed must join exactly.
 */
final class Copier {
    static final String GROUP = "copy-java";

    private Copier() {}

    /**
     * Copies until the end. When a transaction's end is unknown both halves start over, the producer first: then the
     * group's offsets are settled before anybody asks for them.
     */
    static void run(int number) {
        Random chance = Loop.chance(number);
        while (!Loop.stopping) {
            var name = new Crash.Name("copier");
            var producer = Transactions.open(name, "java-copier-" + number);
            if (producer == null) {
                continue;
            }
            try (producer; var consumer = Readers.consumer(name, GROUP, "read_committed", "max.poll.records", 40)) {
                consumer.subscribe(List.of(Crash.INPUT));
                while (!Loop.stopping && copied(producer, consumer, name, chance)) {}
            }
        }
    }

    private static boolean copied(
            KafkaProducer<String, String> producer,
            KafkaConsumer<String, String> consumer,
            Crash.Name name,
            Random chance) {
        ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(200));
        if (records.isEmpty()) {
            return true;
        }
        Map<TopicPartition, History.Range> reads = new HashMap<>();
        Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
        for (TopicPartition partition : records.partitions()) {
            long first = records.records(partition).get(0).offset();
            long next = records.nextOffsets().get(partition).offset();
            reads.put(partition, new History.Range(first, next));
            offsets.put(partition, new OffsetAndMetadata(next));
        }
        List<History.Sent> sends = new ArrayList<>();
        boolean isSent = Transactions.begun(producer, name);
        for (int left = records.count(); isSent && 0 < left; left--) {
            var record = new History.Sent(Crash.anywhere(chance, Crash.OUTPUT), name.next());
            isSent = Transactions.sent(producer, record, sends, name);
        }
        if (sends.isEmpty()) {
            return false;
        }
        isSent = isSent && added(producer, consumer, offsets, name);
        Transactions.Verdict verdict = Transactions.end(producer, name, isSent && chance.nextInt(8) != 0);
        History.transaction(name.client, verdict.end(), sends, GROUP, reads);
        if (!verdict.end().outcome().equals("committed")) {
            goBack(consumer, reads);
        }
        return verdict.isUsable();
    }

    private static boolean added(
            KafkaProducer<String, String> producer,
            KafkaConsumer<String, String> consumer,
            Map<TopicPartition, OffsetAndMetadata> offsets,
            Crash.Name name) {
        try {
            producer.sendOffsetsToTransaction(offsets, consumer.groupMetadata());
            return true;
        } catch (KafkaException | IllegalStateException error) {
            System.err.println(name.client + ": offsets: " + error);
            return false;
        }
    }

    /** After an abort the same input is read again; a partition that is gone begins at its committed offset anyway. */
    private static void goBack(KafkaConsumer<String, String> consumer, Map<TopicPartition, History.Range> reads) {
        reads.forEach((partition, range) -> {
            if (consumer.assignment().contains(partition)) {
                consumer.seek(partition, range.first());
            }
        });
    }
}
