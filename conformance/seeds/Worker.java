import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** A member of a group that writes what happens to it into a file. `worker.py` says how, and is the same for Python. */
public final class Worker {
    private static final Pattern ROW = Pattern.compile("\"row\": (\\d+)");

    public static void main(String[] arguments) throws Exception {
        String bootstrap = arguments[0], topic = arguments[1], group = arguments[2];
        long pauseMs = Long.parseLong(arguments[4]);
        Map<String, Object> settings = Map.of(
                "bootstrap.servers", bootstrap,
                "group.id", group,
                "auto.offset.reset", "earliest",
                "enable.auto.commit", "false",
                "partition.assignment.strategy", "org.apache.kafka.clients.consumer.RangeAssignor",
                "session.timeout.ms", "6000",
                "heartbeat.interval.ms", "500");
        Thread main = Thread.currentThread();
        try (PrintWriter ledger = new PrintWriter(arguments[3], StandardCharsets.US_ASCII)) {
            KafkaConsumer<byte[], byte[]> consumer =
                    new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                consumer.wakeup();
                try {
                    main.join();
                } catch (InterruptedException stopped) {
                    Thread.currentThread().interrupt();
                }
            }));
            consumer.subscribe(List.of(topic), new ConsumerRebalanceListener() {
                @Override
                public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
                    String numbers = partitions.stream()
                            .map(partition -> String.valueOf(partition.partition()))
                            .collect(Collectors.joining(" "));
                    ledger.println("assigned " + System.nanoTime() + " " + numbers);
                    ledger.flush();
                }

                @Override
                public void onPartitionsRevoked(Collection<TopicPartition> partitions) {}
            });
            try {
                while (true) {
                    process(consumer, ledger, pauseMs);
                }
            } catch (WakeupException stopped) {
                consumer.close();
            }
        }
    }

    private static void process(KafkaConsumer<byte[], byte[]> consumer, PrintWriter ledger, long pauseMs)
            throws InterruptedException {
        ConsumerRecords<byte[], byte[]> records = consumer.poll(Duration.ofMillis(100));
        for (ConsumerRecord<byte[], byte[]> record : records) {
            Matcher row = ROW.matcher(new String(record.value(), StandardCharsets.UTF_8));
            if (row.find()) {
                ledger.println("record " + System.nanoTime() + " " + record.partition() + " " + record.offset() + " "
                        + row.group(1));
            }
        }
        if (!records.isEmpty()) {
            ledger.flush();
            Thread.sleep(pauseMs);
            consumer.commitSync();
        }
    }
}
