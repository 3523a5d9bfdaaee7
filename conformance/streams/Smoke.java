import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;

/**
 * Kafka's own smoke test: its application, aggregations, windows, joins and suppression, exactly once, in processes of its own,
 * of which one is killed; its driver writes and judges.
 *
 * <p>Called by name, because the jars of newer versions lack it.
 */
final class Smoke {
    private static final String[] TOPICS = {
        "data", "echo", "max", "min", "min-suppressed", "min-raw", "dif", "sum", "sws-raw", "sws-suppressed", "cnt",
        "avg", "tagg", "fk"
    };
    private static final int PARTITIONS = 3;

    private Smoke() {}

    static boolean isThere() {
        try {
            Class.forName("org.apache.kafka.streams.tests.StreamsSmokeTest");
            return true;
        } catch (ClassNotFoundException missing) {
            return false;
        }
    }

    static void run(String bootstrap, String protocol, int keys, int records, int seconds) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
            List<NewTopic> topics = new ArrayList<>();
            for (String topic : TOPICS) {
                topics.add(new NewTopic(topic, PARTITIONS, (short) 1));
            }
            admin.createTopics(topics).all().get();
        }
        Path folder = Files.createTempDirectory("ottla-smoke-");
        Path settings = folder.resolve("settings");
        Properties properties = new Properties();
        properties.put("bootstrap.servers", bootstrap);
        properties.put("processing.guarantee", "exactly_once_v2");
        properties.put("application.id", "SmokeTest");
        properties.put("group.protocol", protocol);
        if (protocol.equals("classic")) {
            properties.put("session.timeout.ms", "6000");
            properties.put("heartbeat.interval.ms", "1000");
        }
        try (var writer = Files.newBufferedWriter(settings)) {
            properties.store(writer, null);
        }
        List<Running> running = new ArrayList<>();
        try {
            for (int at = 0; at < 2; at++) {
                running.add(launch(folder, settings));
            }
            Thread killer = new Thread(() -> replace(running, folder, settings, seconds), "killer");
            killer.setDaemon(true);
            killer.start();
            judge(bootstrap, keys, records, seconds);
            killer.join();
            for (Running instance : running) {
                if (instance.words().contains("EXCEPTION")) {
                    throw new IllegalStateException("an instance failed: " + instance.words());
                }
            }
        } finally {
            for (Running instance : running) {
                instance.kill();
            }
            try (var paths = Files.walk(folder)) {
                paths.sorted(java.util.Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
            }
        }
    }

    private static Running launch(Path folder, Path settings) throws IOException {
        return Running.start(
            folder.resolve("log"), "org.apache.kafka.streams.tests.StreamsSmokeTest", settings.toString(), "process");
    }

    /** Half way through one instance dies, and another one comes. */
    private static void replace(List<Running> running, Path folder, Path settings, int seconds) {
        try {
            Thread.sleep(seconds * 500L);
            running.remove(0).kill();
            running.add(launch(folder, settings));
        } catch (InterruptedException | IOException broken) {
            throw new IllegalStateException(broken);
        }
    }

    private static void judge(String bootstrap, int keys, int records, int seconds) throws Exception {
        Class<?> driver = Class.forName("org.apache.kafka.streams.tests.SmokeTestDriver");
        Method generate = driver.getMethod("generate", String.class, int.class, int.class, Duration.class);
        Object written = generate.invoke(null, bootstrap, keys, records, Duration.ofSeconds(seconds));
        Method verify = driver.getMethod("verify", String.class, Map.class, int.class, boolean.class);
        @SuppressWarnings("unchecked")
        Map<String, Set<Integer>> data = (Map<String, Set<Integer>>) written;
        Object result = verify.invoke(null, bootstrap, data, records, true);
        Method passed = result.getClass().getDeclaredMethod("passed");
        passed.setAccessible(true);
        if (!(boolean) passed.invoke(result)) {
            Method words = result.getClass().getDeclaredMethod("result");
            words.setAccessible(true);
            throw new IllegalStateException("the smoke test failed: " + words.invoke(result));
        }
    }
}
