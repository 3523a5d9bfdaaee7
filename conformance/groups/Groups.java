import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.consumer.SubscriptionPattern;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Members of consumer groups (KIP-848) and of share groups (KIP-932). One line of JSON for each test. */
public final class Groups {
    private static final long WAIT_MS = 30_000;
    private static final Duration POLL = Duration.ofMillis(100);

    private final Map<String, Object> place = Map.of("bootstrap.servers", System.getenv("BOOTSTRAP"));
    private final Admin admin = Admin.create(place);

    /** A test with a name of its own, for its topic and its group. */
    private interface Test {
        void run(String name) throws Exception;
    }

    /** A member of a consumer group, which is polled in turn with others. */
    private final class Member implements AutoCloseable, ConsumerRebalanceListener {
        private final KafkaConsumer<String, String> consumer;
        private final Ledger ledger;
        private final String name;
        private int assignments;

        Member(Ledger ledger, String group, String name, Map<String, String> settings) {
            Map<String, Object> all = new HashMap<>(place);
            all.put("group.id", group);
            all.put("group.protocol", "consumer");
            all.put("auto.offset.reset", "earliest");
            all.put("enable.auto.commit", "false");
            all.put("metadata.max.age.ms", "1000");
            all.putAll(settings);
            this.consumer = new KafkaConsumer<>(all, new StringDeserializer(), new StringDeserializer());
            this.ledger = ledger;
            this.name = name;
        }

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
            assignments += partitions.isEmpty() ? 0 : 1;
            for (TopicPartition partition : partitions) {
                String owner = ledger.owners.put(partition, name);
                if (owner != null) {
                    ledger.faults.add(partition + " went to " + name + " while " + owner + " had it");
                }
            }
        }

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
            partitions.forEach(ledger.owners::remove);
        }

        void poll() {
            var records = consumer.poll(POLL);
            records.forEach(record -> ledger.values.add(record.value()));
            if (!records.isEmpty()) {
                consumer.commitSync();
            }
        }

        @Override
        public void close() {
            consumer.close();
        }
    }

    /** Who has which partition, and what was read. */
    private static final class Ledger {
        private final Map<TopicPartition, String> owners = new HashMap<>();
        private final List<String> values = new ArrayList<>();
        private final List<String> faults = new ArrayList<>();

        Map<String, Integer> shares() {
            Map<String, Integer> shares = new TreeMap<>();
            owners.values().forEach(owner -> shares.merge(owner, 1, Integer::sum));
            return shares;
        }

        void settle(int count) {
            equal(values.stream().map(Integer::valueOf).sorted().toList(), IntStream.range(0, count).boxed().toList());
            equal(faults, List.of());
        }
    }

    public static void main(String[] arguments) throws Exception {
        Properties facts = new Properties();
        try (var file = Admin.class.getResourceAsStream("/kafka/kafka-version.properties")) {
            facts.load(file);
        }
        System.out.println("{\"version\":\"" + facts.getProperty("version") + "\"}");
        Groups groups = new Groups();
        groups.report("consumer", groups::consumer);
        groups.report("pattern", groups::pattern);
        groups.report("static", groups::staticMembers);
        groups.report("implicit", groups::implicit);
        groups.report("explicit", groups::explicit);
        System.exit(0);
    }

    private void report(String feature, Test test) {
        String note = "";
        try {
            test.run(System.getenv("PREFIX") + "-" + feature);
        } catch (Exception | AssertionError failure) {
            note = failure.toString().replaceAll("[\\s\"\\\\\\p{Cntrl}]+", " ");
        }
        System.out.printf("{\"feature\":\"%s\",\"ok\":%s,\"note\":\"%s\"}%n", feature, note.isEmpty(), note);
        System.out.flush();
    }

    private void consumer(String name) throws Exception {
        create(name, 4);
        Ledger ledger = new Ledger();
        try (Member a = new Member(ledger, name, "a", Map.of()); Member b = new Member(ledger, name, "b", Map.of())) {
            a.consumer.subscribe(List.of(name), a);
            b.consumer.subscribe(List.of(name), b);
            await(() -> ledger.shares().equals(Map.of("a", 2, "b", 2)), a, b);
            produce(name, 4, 0, 100);
            await(() -> ledger.values.size() >= 100, a, b);
            b.close();
            produce(name, 4, 100, 200);
            await(() -> ledger.values.size() >= 200 && ledger.shares().equals(Map.of("a", 4)), a);
            ledger.settle(200);
        }
    }

    private void pattern(String name) throws Exception {
        create(name + "-one", 1);
        produce(name + "-one", 1, 0, 10);
        Ledger ledger = new Ledger();
        try (Member a = new Member(ledger, name, "a", Map.of())) {
            a.consumer.subscribe(new SubscriptionPattern(name + "-(one|two)"), a);
            await(() -> ledger.values.size() >= 10, a);
            create(name + "-three", 1);
            create(name + "-two", 1);
            produce(name + "-three", 1, 99, 100);
            produce(name + "-two", 1, 10, 20);
            await(() -> ledger.values.size() >= 20, a);
            ledger.settle(20);
        }
    }

    private void staticMembers(String name) throws Exception {
        create(name, 4);
        Ledger ledger = new Ledger();
        try (Member a = new Member(ledger, name, "a", Map.of("group.instance.id", "a"))) {
            Member b = new Member(ledger, name, "b", Map.of("group.instance.id", "b"));
            a.consumer.subscribe(List.of(name), a);
            b.consumer.subscribe(List.of(name), b);
            await(() -> ledger.shares().equals(Map.of("a", 2, "b", 2)), a, b);
            var before = b.consumer.assignment();
            int assignments = a.assignments;
            b.close();
            try (Member again = new Member(ledger, name, "b", Map.of("group.instance.id", "b"))) {
                again.consumer.subscribe(List.of(name), again);
                await(() -> ledger.shares().equals(Map.of("a", 2, "b", 2)), a, again);
                equal(again.consumer.assignment(), before);
                equal(a.assignments, assignments);
            }
            equal(ledger.faults, List.of());
        }
    }

    private void implicit(String name) throws Exception {
        create(name, 1);
        readFromTheStart(name);
        produce(name, 1, 0, 200);
        Ledger ledger = new Ledger();
        try (var a = share(name, "implicit"); var b = share(name, "implicit")) {
            until(() -> ledger.values.size() >= 200, () -> {
                for (var member : List.of(a, b)) {
                    member.poll(POLL).forEach(record -> ledger.values.add(record.value()));
                }
            });
            // Closing does not acknowledge; a commit does.
            a.commitSync();
            b.commitSync();
        }
        try (var c = share(name, "implicit")) {
            for (int turn = 0; turn < 10; turn++) {
                c.poll(POLL).forEach(record -> ledger.values.add(record.value()));
            }
        }
        ledger.settle(200);
    }

    private void explicit(String name) throws Exception {
        create(name, 1);
        readFromTheStart(name);
        produce(name, 1, 0, 30);
        Map<Integer, List<Integer>> deliveries = new TreeMap<>();
        try (var member = share(name, "explicit")) {
            until(() -> deliveries.values().stream().mapToInt(List::size).sum() >= 40, () -> {
                for (var record : member.poll(POLL)) {
                    int value = Integer.parseInt(record.value());
                    List<Integer> counts = deliveries.computeIfAbsent(value, key -> new ArrayList<>());
                    counts.add((int) record.deliveryCount().orElseThrow());
                    AcknowledgeType rest = counts.size() == 1 ? AcknowledgeType.RELEASE : AcknowledgeType.ACCEPT;
                    member.acknowledge(record, switch (value % 3) {
                        case 0 -> AcknowledgeType.ACCEPT;
                        case 1 -> AcknowledgeType.REJECT;
                        default -> rest;
                    });
                }
                member.commitSync().values().forEach(error -> error.ifPresent(failure -> {
                    throw failure;
                }));
            });
            for (int turn = 0; turn < 5; turn++) {
                equal(member.poll(POLL).count(), 0);
            }
        }
        deliveries.forEach((value, counts) -> equal(counts, value % 3 == 2 ? List.of(1, 2) : List.of(1)));
        equal(deliveries.size(), 30);
    }

    private KafkaShareConsumer<String, String> share(String group, String mode) {
        Map<String, Object> all = new HashMap<>(place);
        all.put("group.id", group);
        all.put("share.acknowledgement.mode", mode);
        all.put("max.poll.records", 20);
        var member = new KafkaShareConsumer<>(all, new StringDeserializer(), new StringDeserializer());
        member.subscribe(List.of(group));
        return member;
    }

    private void readFromTheStart(String group) throws Exception {
        var change = new AlterConfigOp(new ConfigEntry("share.auto.offset.reset", "earliest"), AlterConfigOp.OpType.SET);
        admin.incrementalAlterConfigs(Map.of(new ConfigResource(ConfigResource.Type.GROUP, group), List.of(change))).all().get();
    }

    private void create(String topic, int partitions) throws Exception {
        admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1))).all().get();
    }

    private void produce(String topic, int partitions, int from, int to) {
        try (var producer = new KafkaProducer<>(place, new StringSerializer(), new StringSerializer())) {
            for (int value = from; value < to; value++) {
                producer.send(new ProducerRecord<>(topic, value % partitions, null, String.valueOf(value)));
            }
        }
    }

    private static void await(BooleanSupplier done, Member... members) {
        until(done, () -> List.of(members).forEach(Member::poll));
    }

    private static void until(BooleanSupplier done, Runnable turn) {
        long deadline = System.nanoTime() + WAIT_MS * 1_000_000;
        while (!done.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("waited in vain for " + WAIT_MS + " ms");
            }
            turn.run();
        }
    }

    private static void equal(Object got, Object wanted) {
        if (!got.equals(wanted)) {
            throw new AssertionError("got " + got + ", wanted " + wanted);
        }
    }
}
