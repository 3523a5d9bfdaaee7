import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.StringJoiner;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * Readers: members of groups that commit, one that follows everything from the beginning, and the last of all, which
 * reads what is left.
 */
final class Readers {
    private Readers() {}

    static KafkaConsumer<String, String> consumer(Crash.Name name, String group, String isolation, Object... settings) {
        var config = Loop.config(name.client, settings);
        config.put("group.id", group);
        config.put("isolation.level", isolation);
        config.put("auto.offset.reset", "earliest");
        config.put("enable.auto.commit", false);
        config.put("session.timeout.ms", 10_000);
        config.put("heartbeat.interval.ms", 500);
        config.put("default.api.timeout.ms", 20_000);
        return new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer());
    }

    /** Reads for a moment, tells the history, and gives the positions of what was read. */
    private static Map<TopicPartition, OffsetAndMetadata> read(
            KafkaConsumer<String, String> consumer, Crash.Name name, String isolation) {
        long start = History.now();
        ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(200));
        long end = History.now();
        for (TopicPartition partition : records.partitions()) {
            StringJoiner pairs = new StringJoiner(",");
            records.records(partition).forEach(
                record -> pairs.add("[" + record.offset() + "," + Loop.value(record.value()) + "]"));
            long next = records.nextOffsets().get(partition).offset();
            History.poll(name.client, isolation, partition, start, end, next, pairs.toString());
        }
        return records.nextOffsets();
    }

    /** A member of a group that reads everything and commits. */
    static void member(String isolation, int number) {
        Random chance = Loop.chance(number);
        String group = isolation.equals("read_committed") ? "committed-java" : "uncommitted-java";
        var name = new Crash.Name(group);
        Map<TopicPartition, OffsetAndMetadata> next = new HashMap<>();
        try (var consumer = consumer(name, group, isolation)) {
            consumer.subscribe(List.of(Crash.EVENTS, Crash.OUTPUT), new ConsumerRebalanceListener() {
                @Override
                public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
                    next.keySet().removeAll(partitions);
                }

                @Override
                public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
                    partitions.forEach(partition -> History.assign(name.client, partition));
                }
            });
            while (!Loop.stopping) {
                next.putAll(read(consumer, name, isolation));
                if (!next.isEmpty() && chance.nextBoolean()) {
                    commit(consumer, name, group, Map.copyOf(next));
                }
                if (chance.nextInt(8) == 0) {
                    ask(consumer, name, group, Crash.everything(Crash.EVENTS, Crash.OUTPUT));
                }
            }
        }
    }

    private static void commit(
            KafkaConsumer<String, String> consumer,
            Crash.Name name,
            String group,
            Map<TopicPartition, OffsetAndMetadata> offsets) {
        long start = History.now();
        String outcome = "ok";
        try {
            consumer.commitSync(offsets, Duration.ofSeconds(10));
        } catch (CommitFailedException | RebalanceInProgressException error) {
            outcome = "failed";
        } catch (KafkaException error) {
            outcome = "unknown";
        }
        long end = History.now();
        for (var offset : offsets.entrySet()) {
            History.commit(name.client, group, offset.getKey(), offset.getValue().offset(), outcome, start, end);
        }
    }

    /** Asks what the group committed, and says whether it was told. */
    private static boolean ask(
            KafkaConsumer<String, String> consumer, Crash.Name name, String group, List<TopicPartition> partitions) {
        long start = History.now();
        try {
            var committed = consumer.committed(new HashSet<>(partitions), Duration.ofSeconds(5));
            long end = History.now();
            for (TopicPartition partition : partitions) {
                OffsetAndMetadata offset = committed.get(partition);
                History.committed(name.client, group, partition, offset == null ? null : offset.offset(), start, end);
            }
            return true;
        } catch (TimeoutException error) {
            return false;
        }
    }

    /** Follows everything from the beginning, without a group, and asks for the last stable offsets. */
    static void tail(int number) {
        String isolation = "read_committed";
        Random chance = Loop.chance(number);
        var name = new Crash.Name("tail");
        var partitions = Crash.everything(Crash.EVENTS, Crash.INPUT, Crash.OUTPUT);
        try (var consumer = consumer(name, "tail-java", isolation)) {
            begin(consumer, name, partitions);
            while (!Loop.stopping) {
                read(consumer, name, isolation);
                TopicPartition partition = partitions.get(chance.nextInt(partitions.size()));
                long start = History.now();
                try {
                    long offset = consumer.endOffsets(List.of(partition), Duration.ofSeconds(2)).get(partition);
                    History.end(name.client, isolation, partition, offset, start, History.now());
                } catch (TimeoutException error) {
                    continue;
                }
            }
        }
    }

    private static void begin(
            KafkaConsumer<String, String> consumer, Crash.Name name, List<TopicPartition> partitions) {
        consumer.assign(partitions);
        consumer.seekToBeginning(partitions);
        partitions.forEach(partition -> History.assign(name.client, partition));
    }

    /** Reads everything at both isolations, and what the groups committed. */
    static void drain() {
        var partitions = Crash.everything(Crash.EVENTS, Crash.INPUT, Crash.OUTPUT);
        Map<TopicPartition, Long> watermarks = Map.of();
        for (String isolation : List.of("read_uncommitted", "read_committed")) {
            var name = new Crash.Name("drain");
            try (var consumer = consumer(name, "drain-java", isolation)) {
                begin(consumer, name, partitions);
                Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
                long limit = History.now() + 120_000_000_000L;
                // Transactions whose clients are gone end by themselves; one that does not is hanging.
                while (!watermarks.isEmpty() && !ends.equals(watermarks)) {
                    if (limit < History.now()) {
                        throw new AssertionError("a transaction hangs: stable to " + ends + " of " + watermarks);
                    }
                    Loop.pause(500);
                    ends = consumer.endOffsets(partitions);
                }
                watermarks = ends;
                List<TopicPartition> left = new ArrayList<>(partitions);
                while (!left.isEmpty()) {
                    read(consumer, name, isolation);
                    Map<TopicPartition, Long> goals = ends;
                    left.removeIf(partition -> goals.get(partition) <= consumer.position(partition));
                    if (limit < History.now()) {
                        throw new AssertionError("the end is not reached: " + left);
                    }
                }
                partitions.forEach(partition -> History.drained(name.client, isolation, partition));
            }
        }
        var read = Crash.everything(Crash.EVENTS, Crash.OUTPUT);
        var groups = Map.of("committed-java", read, "uncommitted-java", read, Copier.GROUP, Crash.everything(Crash.INPUT));
        groups.forEach((group, asked) -> {
            var name = new Crash.Name("drain");
            try (var consumer = consumer(name, group, "read_committed")) {
                for (int left = 10; !ask(consumer, name, group, asked); left--) {
                    if (left == 0) {
                        throw new AssertionError(group + ": the committed offsets are not told");
                    }
                }
            }
        });
    }
}
