import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;

/** What the client is asked to do, one method per feature; prints one JSON line for each. */
final class Scenarios {
    private static final long WAIT_MS = 20_000;
    private final Client client;
    private final String prefix;

    /** One check: returns a note, which may be empty, or throws. */
    private interface Check {
        String run(String topic) throws Exception;
    }

    /** A check that has nothing to remark. */
    private interface Plain {
        void run(String topic) throws Exception;
    }

    private Scenarios(Client client, String prefix) {
        this.client = client;
        this.prefix = prefix;
    }

    public static void main(String[] arguments) throws Exception {
        Client client = new Client(System.getenv("BOOTSTRAP"));
        new Scenarios(client, System.getenv("PREFIX")).runAll(System.getenv("FEATURES"));
        System.exit(0);
    }

    private void runAll(String features) throws Exception {
        Map<String, Check> checks = new LinkedHashMap<>();
        checks.put("create", plain(topic -> create(topic, 3)));
        for (String codec : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
            checks.put(codec, plain(topic -> compression(topic, codec)));
        }
        checks.put("headers", plain(this::headers));
        checks.put("earliest", plain(this::earliest));
        checks.put("timestamp", plain(this::timestamp));
        checks.put("group", plain(this::group));
        checks.put("broadcast", plain(this::broadcast));
        checks.put("resume", plain(this::resume));
        checks.put("idempotent", plain(this::idempotent));
        checks.put("transactions", plain(this::transactions));
        checks.put("fencing", plain(this::fencing));
        checks.put("cooperative", plain(this::cooperative));
        checks.put("static", plain(this::staticMembers));
        checks.put("configs", plain(this::configs));
        checks.put("groups", plain(this::groups));
        checks.put("delete", plain(this::delete));
        System.out.println("{\"version\":" + quoted(client.version()) + "}");
        List<String> wanted = features == null || features.isEmpty() ? List.of() : List.of(features.split(","));
        checks.forEach((feature, check) -> {
            if (wanted.isEmpty() || wanted.contains(feature)) {
                report(feature, check);
            }
        });
    }

    private static Check plain(Plain check) {
        return topic -> {
            check.run(topic);
            return "";
        };
    }

    private void report(String feature, Check check) {
        boolean ok = true;
        String note;
        try {
            note = check.run(prefix + "-" + feature);
        } catch (Exception | AssertionError error) {
            ok = false;
            Throwable cause = error.getCause() == null ? error : error.getCause();
            note = cause.getClass().getSimpleName() + ": " + cause.getMessage();
        }
        System.out.printf("{\"feature\":\"%s\",\"ok\":%s,\"note\":%s}%n", feature, ok, quoted(note));
        System.out.flush();
    }

    private static String quoted(String text) {
        String safe = text.replaceAll("\\s+", " ").replace("\\", "\\\\").replace("\"", "\\\"");
        return '"' + safe.replaceAll("\\p{Cntrl}", "?") + '"';
    }

    private void create(String topic, int partitions) throws Exception {
        client.createTopic(topic, partitions);
        waitUntil(() -> client.partitions(topic) == partitions, () -> "topic " + topic);
    }

    private void compression(String topic, String codec) throws Exception {
        create(topic, 1);
        List<String> wanted = values("v", 100).stream().map(value -> value.repeat(50)).toList();
        client.produce(records(topic, wanted, 1), Map.of("compression.type", codec));
        equal(text(client.read(topic, 100, 0)), wanted, "values");
    }

    private void headers(String topic) throws Exception {
        create(topic, 1);
        List<Header> headers = List.of(
            new RecordHeader("h", bytes("1")), new RecordHeader("h", bytes("2")),
            new RecordHeader("null", (byte[]) null), new RecordHeader("empty", bytes("")));
        List<ProducerRecord<byte[], byte[]>> sent = List.of(
            new ProducerRecord<>(topic, 0, bytes("k"), null, headers),
            new ProducerRecord<>(topic, 0, bytes(""), new byte[] {0, -1}),
            new ProducerRecord<>(topic, 0, null, bytes("")));
        client.produce(sent, Map.of());
        List<ConsumerRecord<byte[], byte[]>> got = client.read(topic, 3, 0);
        for (int n = 0; n < 3; n++) {
            equal(Arrays.toString(got.get(n).key()), Arrays.toString(sent.get(n).key()), "key " + n);
            equal(Arrays.toString(got.get(n).value()), Arrays.toString(sent.get(n).value()), "value " + n);
            equal(Arrays.asList(got.get(n).headers().toArray()), Arrays.asList(sent.get(n).headers().toArray()),
                "headers " + n);
        }
    }

    private void earliest(String topic) throws Exception {
        create(topic, 1);
        client.produce(records(topic, values("v", 50), 1), Map.of());
        List<ConsumerRecord<byte[], byte[]>> got = client.read(topic, 50, 0);
        equal(got.stream().map(ConsumerRecord::offset).toList(), offsets(50), "offsets");
        equal(text(got), values("v", 50), "values");
    }

    private void timestamp(String topic) throws Exception {
        create(topic, 1);
        long first = 1_600_000_000_000L;
        client.produce(IntStream.range(0, 10)
            .mapToObj(n -> new ProducerRecord<byte[], byte[]>(topic, 0, first + 1000L * n, null, bytes("v" + n)))
            .toList(), Map.of());
        long offset = client.offsetForTime(topic, first + 5500);
        equal(offset, 6L, "offset at the time");
        ConsumerRecord<byte[], byte[]> record = client.read(topic, 1, offset).get(0);
        equal(record.timestamp(), first + 6000, "timestamp");
    }

    private void group(String topic) throws Exception {
        create(topic, 6);
        Ledger ledger = new Ledger();
        Map<String, Member> members = new TreeMap<>();
        for (String name : List.of("a", "b", "c")) {
            members.put(name, client.member(ledger, topic, name, Map.of()));
        }
        ledger.waitForShares(Map.of("a", 2, "b", 2, "c", 2));
        client.produce(records(topic, values("first", 120), 6), Map.of());
        ledger.waitForRecords(120);
        members.remove("c").leave();
        client.produce(records(topic, values("second", 120), 6), Map.of());
        ledger.waitForShares(Map.of("a", 3, "b", 3));
        ledger.waitForRecords(240);
        members.put("d", client.member(ledger, topic, "d", Map.of()));
        client.produce(records(topic, values("third", 120), 6), Map.of());
        ledger.waitForShares(Map.of("a", 2, "b", 2, "d", 2));
        ledger.waitForRecords(360);
        members.values().forEach(Member::leave);
        List<String> wanted = new ArrayList<>(values("first", 120));
        wanted.addAll(values("second", 120));
        wanted.addAll(values("third", 120));
        ledger.settle(wanted);
    }

    private void broadcast(String topic) throws Exception {
        create(topic, 2);
        client.produce(records(topic, values("v", 60), 2), Map.of());
        for (String name : List.of("one", "two")) {
            equal(text(client.take(topic + "-" + name, topic, 60)).stream().sorted().toList(),
                values("v", 60).stream().sorted().toList(), "group " + name);
        }
    }

    private void resume(String topic) throws Exception {
        create(topic, 1);
        client.produce(records(topic, values("v", 20), 1), Map.of());
        equal(text(client.take(topic, topic, 10)), values("v", 20).subList(0, 10), "values before the commit");
        equal(client.committed(topic, topic), 10L, "committed offset");
        equal(text(client.take(topic, topic, 10)), values("v", 20).subList(10, 20), "values after the commit");
    }

    private void idempotent(String topic) throws Exception {
        create(topic, 1);
        Map<String, String> settings = Map.of("enable.idempotence", "true", "batch.size", "1000");
        equal(client.produce(records(topic, values("v", 200), 1), settings), offsets(200), "offsets");
        equal(text(client.read(topic, 200, 0)), values("v", 200), "values");
    }

    private void transactions(String topic) throws Exception {
        create(topic, 1);
        List<String> kept = values("kept", 5);
        List<String> lost = values("lost", 5);
        List<String> more = values("more", 5);
        client.transact(topic, List.of(
            new Client.Transaction(records(topic, kept, 1), 3, true),
            new Client.Transaction(records(topic, lost, 1), 99, false),
            new Client.Transaction(records(topic, more, 1), 7, true)));
        List<String> committed = Stream.of(kept, more).flatMap(List::stream).toList();
        List<String> all = Stream.of(kept, lost, more).flatMap(List::stream).toList();
        equal(text(client.read(topic, 10, 0, "read_committed")), committed, "read_committed");
        equal(text(client.read(topic, 15, 0, "read_uncommitted")), all, "read_uncommitted");
        equal(client.committed(topic, topic), 7L, "committed offset");
    }

    private void fencing(String topic) throws Exception {
        create(topic, 1);
        List<String> renewed = values("new", 5);
        String heard = client.takeOver(topic, records(topic, values("old", 5), 1), records(topic, renewed, 1));
        equal(heard != null, true, "whether the first one's commit is refused");
        equal(text(client.read(topic, 5, 0, "read_committed")), renewed, "read_committed");
    }

    private void cooperative(String topic) throws Exception {
        create(topic, 4);
        Ledger ledger = new Ledger();
        Map<String, String> settings = Map.of("partition.assignment.strategy",
            "org.apache.kafka.clients.consumer.CooperativeStickyAssignor");
        Member first = client.member(ledger, topic, "a", settings);
        ledger.waitForShares(Map.of("a", 4));
        Member second = client.member(ledger, topic, "b", settings);
        ledger.waitForShares(Map.of("a", 2, "b", 2));
        equal(ledger.revocations(), 2, "partitions that were taken from the first member");
        equal(ledger.faults(), List.of(), "faults");
        first.leave();
        second.leave();
    }

    private void staticMembers(String topic) throws Exception {
        create(topic, 4);
        Ledger ledger = new Ledger();
        Member first = client.member(ledger, topic, "a", Map.of("group.instance.id", "a"));
        Member second = client.member(ledger, topic, "b", Map.of("group.instance.id", "b"));
        ledger.waitForShares(Map.of("a", 2, "b", 2));
        Object before = ledger.ownedBy("b");
        int assignments = first.assignments();
        second.leave();
        equal(ledger.shares(), Map.of("a", 2), "shares while the second member is away");
        second = client.member(ledger, topic, "b", Map.of("group.instance.id", "b"));
        ledger.waitForShares(Map.of("a", 2, "b", 2));
        equal(ledger.ownedBy("b"), before, "partitions of the member that came back");
        equal(first.assignments(), assignments, "assignments of the member that stayed");
        first.leave();
        second.leave();
    }

    private void configs(String topic) throws Exception {
        create(topic, 1);
        equal(client.config(topic, "retention.ms"), "604800000", "default");
        client.alterConfig(topic, "retention.ms", "123456789");
        waitUntil(() -> client.config(topic, "retention.ms").equals("123456789"), () -> "the changed value");
    }

    private void groups(String topic) throws Exception {
        create(topic, 2);
        Ledger ledger = new Ledger();
        Member member = client.member(ledger, topic, "a", Map.of());
        ledger.waitForShares(Map.of("a", 2));
        equal(client.groups().contains(topic), true, "listed");
        equal(client.describeGroup(topic), List.of("range", "a"), "assignor and client ids");
        member.leave();
        client.deleteGroup(topic);
        equal(client.groups().contains(topic), false, "listed after it was deleted");
    }

    private void delete(String topic) throws Exception {
        create(topic, 1);
        client.deleteTopic(topic);
        waitUntil(() -> client.partitions(topic) == 0, () -> "the topic to vanish");
    }

    private static List<ProducerRecord<byte[], byte[]>> records(String topic, List<String> values, int partitions) {
        return IntStream.range(0, values.size())
            .mapToObj(n -> new ProducerRecord<byte[], byte[]>(topic, n % partitions, null, bytes(values.get(n))))
            .toList();
    }

    private static List<String> values(String name, int count) {
        return IntStream.range(0, count).mapToObj(n -> name + n).toList();
    }

    private static List<Long> offsets(int count) {
        return IntStream.range(0, count).mapToObj(Long::valueOf).toList();
    }

    private static List<String> text(List<ConsumerRecord<byte[], byte[]>> records) {
        return records.stream().map(record -> new String(record.value(), StandardCharsets.UTF_8)).toList();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Fails with both values when they differ. */
    static void equal(Object got, Object wanted, String what) {
        if (!Objects.equals(got, wanted)) {
            throw new AssertionError(what + ": got " + shorten(got) + ", wanted " + shorten(wanted));
        }
    }

    private static String shorten(Object value) {
        String text = String.valueOf(value);
        return text.length() <= 300 ? text : text.substring(0, 300) + "…";
    }

    /** Waits for what other threads do, at most {@link #WAIT_MS}. */
    static void waitUntil(BooleanSupplier condition, Supplier<String> what) {
        long deadline = System.nanoTime() + WAIT_MS * 1_000_000;
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("waited " + WAIT_MS + " ms for " + what.get());
            }
            try {
                Thread.sleep(20);
            } catch (InterruptedException error) {
                throw new AssertionError(error);
            }
        }
    }
}
