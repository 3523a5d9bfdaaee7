import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;

/** A member of a group in a thread of its own, which commits what it processed. */
final class Member implements ConsumerRebalanceListener {
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final Ledger ledger;
    private final String name;
    private final Thread thread = new Thread(this::run);
    private volatile boolean stopping;
    private volatile int assignments;

    Member(KafkaConsumer<byte[], byte[]> consumer, Ledger ledger, String topic, String name) {
        this.consumer = consumer;
        this.ledger = ledger;
        this.name = name;
        consumer.subscribe(List.of(topic), this);
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        assignments++;
        ledger.assigned(name, partitions.stream().map(TopicPartition::partition).toList());
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        ledger.revoked(name, partitions.stream().map(TopicPartition::partition).toList());
    }

    private void run() {
        while (!stopping) {
            ConsumerRecords<byte[], byte[]> records = consumer.poll(Duration.ofMillis(50));
            for (ConsumerRecord<byte[], byte[]> record : records) {
                ledger.record(name, record.partition(), new String(record.value(), StandardCharsets.UTF_8));
            }
            if (!records.isEmpty()) {
                consumer.commitSync();
            }
        }
        consumer.close();
    }

    /** How often it was told its partitions. */
    int assignments() {
        return assignments;
    }

    void leave() {
        stopping = true;
        try {
            thread.join();
        } catch (InterruptedException error) {
            throw new AssertionError(error);
        }
    }
}
