import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;

/** Members of share groups. What they say of a record is written down before they say it. */
final class Members {
    /** Longer than a record is locked, by far shorter than a record may be kept (`crates/sim/src/queues/facts.rs`). */
    private static final int SLEEP_MS = 2_500;

    private Members() {}

    /** How a member acknowledges, and how it hears whether that counts. */
    enum Way {
        /** By the next poll; a callback tells. */
        IMPLICIT_POLL,
        /** By a commit, which tells. */
        IMPLICIT_SYNC,
        /** One by one in every way there is, and a commit tells. */
        EXPLICIT_SYNC,
        /** The same, and a callback tells. */
        EXPLICIT_ASYNC,
        /** Accepts everything. */
        DRAIN;

        boolean isImplicit() {
            return this == IMPLICIT_POLL || this == IMPLICIT_SYNC;
        }

        boolean isAsync() {
            return this == IMPLICIT_POLL || this == EXPLICIT_ASYNC;
        }
    }

    static void run(String group, Way way, int number) {
        Random chance = Loop.chance(number);
        for (int life = 1; !Loop.stopping; life++) {
            // Who begins anew has another name: it hears no more of what it has said before.
            String name = life == 1 ? Queues.name(number) : Queues.name(number) + "." + life;
            var config = Loop.config(
                name, "group.id", group, "max.poll.records", 5 + chance.nextInt(20),
                "share.acknowledgement.mode", way.isImplicit() ? "implicit" : "explicit",
                "share.acquire.mode", number % 2 == 0 ? "record_limit" : "batch_optimized");
            History.member(name, group);
            try {
                consume(group, way, name, config, chance);
            } catch (IllegalStateException lost) {
                // The client has lost count of what it must acknowledge, with a connection. What it has goes back.
                complain(name, lost);
            }
        }
    }

    private static void consume(String group, Way way, String name, Map<String, Object> config, Random chance) {
        try (var consumer = new KafkaShareConsumer<>(config, new StringDeserializer(), new StringDeserializer())) {
            if (way.isAsync()) {
                consumer.setAcknowledgementCommitCallback((offsets, error) -> {
                    if (error != null) {
                        complain(name, error);
                    }
                    offsets.forEach((partition, told) -> History.heard(name, text(partition), error == null, told));
                });
            }
            consumer.subscribe(List.of(Queues.TOPICS.get(group)));
            while (!Loop.stopping) {
                turn(consumer, name, way, chance);
            }
            // What the last poll gave goes back, but what was said of it is sent.
        }
    }

    private static void turn(KafkaShareConsumer<String, String> consumer, String name, Way way, Random chance) {
        ConsumerRecords<String, String> records;
        try {
            records = consumer.poll(Duration.ofMillis(200));
        } catch (KafkaException error) {
            complain(name, error);
            return;
        }
        long now = History.now();
        for (TopicPartition partition : records.partitions()) {
            List<String> given = new ArrayList<>();
            for (var record : records.records(partition)) {
                int count = record.deliveryCount().orElseThrow();
                given.add("[" + record.offset() + "," + count + "," + Loop.value(record.value()) + "]");
            }
            History.delivered(name, partition.toString(), now, given);
        }
        if (records.isEmpty() || way == Way.IMPLICIT_POLL && Loop.stopping) {
            return;
        }
        if (way != Way.DRAIN) {
            Loop.pause(chance.nextInt(40) == 0 ? SLEEP_MS : chance.nextInt(30));
        }
        say(consumer, name, way, records, chance);
    }

    private static void say(
            KafkaShareConsumer<String, String> consumer,
            String name,
            Way way,
            ConsumerRecords<String, String> records,
            Random chance) {
        Map<TopicPartition, Map<AcknowledgeType, List<Long>>> verdicts = new HashMap<>();
        Map<ConsumerRecord<String, String>, AcknowledgeType> each = new LinkedHashMap<>();
        for (ConsumerRecord<String, String> record : records) {
            AcknowledgeType verdict = way.isImplicit() || way == Way.DRAIN ? AcknowledgeType.ACCEPT : verdict(chance);
            verdicts.computeIfAbsent(new TopicPartition(record.topic(), record.partition()), key -> new HashMap<>())
                .computeIfAbsent(verdict, key -> new ArrayList<>()).add(record.offset());
            each.put(record, verdict);
        }
        // First, for a client that refuses one of them sends the others when it is closed.
        verdicts.forEach((partition, kinds) -> kinds.forEach(
            (verdict, offsets) -> History.said(name, partition.toString(), verdict.toString(), offsets)));
        if (!way.isImplicit()) {
            each.forEach(consumer::acknowledge);
        }
        if (way == Way.EXPLICIT_ASYNC && chance.nextBoolean()) {
            consumer.commitAsync();
        }
        if (way.isAsync()) {
            // Otherwise the next poll sends it.
            return;
        }
        Set<TopicPartition> counting = new HashSet<>();
        try {
            consumer.commitSync(Duration.ofSeconds(10)).forEach((partition, error) -> {
                if (error.isEmpty()) {
                    counting.add(partition.topicPartition());
                }
                error.ifPresent(fault -> complain(name, fault));
            });
        } catch (KafkaException error) {
            complain(name, error);
        }
        verdicts.forEach((partition, kinds) -> kinds.values().forEach(
            offsets -> History.heard(name, partition.toString(), counting.contains(partition), offsets)));
    }

    private static AcknowledgeType verdict(Random chance) {
        return switch (chance.nextInt(20)) {
            case 0, 1, 2 -> AcknowledgeType.RELEASE;
            case 3 -> AcknowledgeType.REJECT;
            case 4 -> AcknowledgeType.RENEW;
            default -> AcknowledgeType.ACCEPT;
        };
    }

    private static String text(TopicIdPartition partition) {
        return partition.topicPartition().toString();
    }

    private static void complain(String name, Exception error) {
        System.err.println(name + ": " + error);
    }
}
