import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.LongDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** An application that counts words while its instances come, go and die: no word may be lost or counted twice. */
final class Counting implements AutoCloseable {
    static final int PARTITIONS = 4;
    /** Of lines and of words. */
    static final int TASKS = 2 * PARTITIONS;
    private static final int WORDS = 24;

    private final String bootstrap;
    private final String application;
    private final String protocol;
    private final Path folder;
    private final Map<String, Long> written = new TreeMap<>();
    private final Random random = new Random(7);
    private final KafkaProducer<String, String> producer;
    private final List<Running> instances = new ArrayList<>();

    Counting(String bootstrap, String application, String protocol) throws Exception {
        this.bootstrap = bootstrap;
        this.application = application;
        this.protocol = protocol;
        this.folder = Files.createTempDirectory("ottla-streams-");
        this.producer = new KafkaProducer<>(
            Map.of("bootstrap.servers", bootstrap), new StringSerializer(), new StringSerializer());
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
            admin.createTopics(List.of(
                new NewTopic(application + "-lines", PARTITIONS, (short) 1),
                new NewTopic(application + "-counts", PARTITIONS, (short) 1))).all().get();
        }
    }

    Running launch() throws IOException {
        String name = "instance-" + instances.size();
        Path state = folder.resolve(name);
        Running running = Running.start(
            folder.resolve(name + ".log"), "Instance",
            bootstrap, application, state.toString(), protocol, "127.0.0.1:" + (4_000 + instances.size()));
        instances.add(running);
        return running;
    }

    /** Writes lines of three words. */
    void write(int lines) {
        for (int line = 0; line < lines; line++) {
            StringBuilder text = new StringBuilder();
            for (int at = 0; at < 3; at++) {
                String word = "word" + random.nextInt(WORDS);
                written.merge(word, 1L, Long::sum);
                text.append(at == 0 ? "" : " ").append(word);
            }
            producer.send(new ProducerRecord<>(application + "-lines", "line" + random.nextInt(100), text.toString()));
        }
        producer.flush();
    }

    /** Waits until these instances share all tasks, each with some, and know of each other. */
    void share(int seconds, Running... running) throws Exception {
        String what = running.length + " instances share " + TASKS + " tasks";
        Supplier<String> seen = () -> {
            StringBuilder text = new StringBuilder();
            for (Running instance : running) {
                text.append(" ").append(instance.active()).append("/").append(instance.standby());
                text.append(" knows ").append(instance.known()).append(";");
            }
            return text.toString();
        };
        await(seconds, what, seen, () -> {
            int all = 0;
            for (Running instance : running) {
                if (instance.active() == 0 || instance.known() != running.length) {
                    return false;
                }
                all += instance.active();
            }
            return all == TASKS;
        });
    }

    /** Waits until all that was written is counted, and checks that each word was counted 1, 2, 3, …, once each. */
    void check(int seconds) throws Exception {
        Map<String, Long> counted = new HashMap<>();
        Map<String, String> settings = Map.of("bootstrap.servers", bootstrap, "isolation.level", "read_committed");
        try (KafkaConsumer<String, Long> consumer =
                new KafkaConsumer<>(new HashMap<>(settings), new StringDeserializer(), new LongDeserializer())) {
            List<TopicPartition> partitions = new ArrayList<>();
            for (int at = 0; at < PARTITIONS; at++) {
                partitions.add(new TopicPartition(application + "-counts", at));
            }
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            await(seconds, "all words are counted", () -> difference(counted), () -> {
                consumer.poll(Duration.ofMillis(100)).forEach(record -> {
                    long before = counted.getOrDefault(record.key(), 0L);
                    if (record.value() != before + 1) {
                        throw new IllegalStateException(
                            record.key() + " was counted " + record.value() + " after " + before);
                    }
                    counted.put(record.key(), record.value());
                });
                return counted.equals(written);
            });
            // Nothing may come after that.
            if (!consumer.poll(Duration.ofMillis(500)).isEmpty()) {
                throw new IllegalStateException("more was counted than written");
            }
        }
    }

    private String difference(Map<String, Long> counted) {
        long missing = 0;
        for (var word : written.entrySet()) {
            missing += word.getValue() - counted.getOrDefault(word.getKey(), 0L);
        }
        return missing + " of " + written.values().stream().mapToLong(Long::longValue).sum() + " words not counted";
    }

    private void await(int seconds, String what, Supplier<String> seen, BooleanSupplier holds) throws Exception {
        long end = System.nanoTime() + seconds * 1_000_000_000L;
        while (!holds.getAsBoolean()) {
            if (end < System.nanoTime()) {
                throw new IllegalStateException("not within " + seconds + " s: " + what + ";" + seen.get() + logs());
            }
            Thread.sleep(20);
        }
    }

    /** The last words of the instances. */
    private String logs() throws IOException {
        StringBuilder text = new StringBuilder();
        for (int at = 0; at < instances.size(); at++) {
            Path log = folder.resolve("instance-" + at + ".log");
            List<String> lines = Files.exists(log) ? Files.readAllLines(log) : List.of();
            String last = lines.isEmpty() ? "" : lines.get(lines.size() - 1);
            text.append("; ").append(at).append(": ").append(last);
        }
        return text.toString();
    }

    @Override
    public void close() throws Exception {
        producer.close();
        for (Running instance : instances) {
            instance.kill();
        }
        if (System.getenv("KEEP") == null) {
            try (var paths = Files.walk(folder)) {
                paths.sorted(java.util.Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
            }
        } else {
            System.err.println("kept: " + folder);
        }
    }
}
