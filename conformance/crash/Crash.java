import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.common.TopicPartition;

/**
 * The Java client under a broker that is killed again and again: load of every kind, and a reader of all that is left.
 *
 * <p>`Crash load` runs until its standard input ends, `Crash drain` until it has read everything. The environment says
 * the rest, as for `src/main.rs`.
 */
final class Crash {
    static final String EVENTS = "events";
    static final String INPUT = "input";
    static final String OUTPUT = "output";
    private static final Map<String, Integer> PARTITIONS = Map.of(EVENTS, 3, INPUT, 4, OUTPUT, 3);

    /** How long a client may need for anything while the broker dies and comes back. */
    static final int PATIENCE_MS = 60_000;

    /** Values of the clients here do not meet those of other programs. */
    private static final AtomicInteger CLIENTS = new AtomicInteger(1000);
    private static final long SEED = Long.parseLong(variable("SEED", "1"));
    static final boolean TRANSACTIONS = variable("FEATURES", "").contains("transactions");
    static volatile boolean stopping;

    private Crash() {}

    /** A client's name and its values, which rise. */
    static final class Name {
        final String client;
        private long value;

        Name(String kind) {
            int number = CLIENTS.getAndIncrement();
            client = "java-" + kind + "-" + number;
            value = (long) number << 32;
        }

        long next() {
            return ++value;
        }
    }

    static Random chance(int number) {
        return new Random(SEED * 31 + number);
    }

    private static String variable(String name, String otherwise) {
        String value = System.getenv(name);
        return value == null || value.isEmpty() ? otherwise : value;
    }

    static List<TopicPartition> everything(String... topics) {
        List<TopicPartition> partitions = new ArrayList<>();
        for (String topic : topics) {
            for (int partition = 0; partition < PARTITIONS.get(topic); partition++) {
                partitions.add(new TopicPartition(topic, partition));
            }
        }
        return partitions;
    }

    static TopicPartition anywhere(Random chance, String topic) {
        return new TopicPartition(topic, chance.nextInt(PARTITIONS.get(topic)));
    }

    /** What every client is told, and `settings`. */
    static Map<String, Object> config(Name name, Object... settings) {
        Map<String, Object> config = new HashMap<>(Map.of(
            "bootstrap.servers", variable("BOOTSTRAP", ""),
            "client.id", name.client,
            "reconnect.backoff.ms", 50,
            "reconnect.backoff.max.ms", 500,
            "retry.backoff.ms", 50,
            "request.timeout.ms", 10_000));
        for (int index = 0; index < settings.length; index += 2) {
            config.put((String) settings[index], settings[index + 1]);
        }
        return config;
    }

    /** The value with a filling that only this value has, so that a record is recognised as a whole. */
    static String payload(long value) {
        return value + " " + String.valueOf((char) ('a' + value % 26)).repeat((int) (value % 199));
    }

    /** The value of a record; 0, which nobody sends, for a record that is not as it was sent. */
    static long value(String text) {
        try {
            long value = Long.parseLong(text.substring(0, text.indexOf(' ')));
            return payload(value).equals(text) ? value : 0;
        } catch (RuntimeException error) {
            return 0;
        }
    }

    static void pause(int milliseconds) {
        try {
            Thread.sleep(milliseconds);
        } catch (InterruptedException error) {
            throw new AssertionError(error);
        }
    }

    public static void main(String[] arguments) throws Exception {
        History.open(variable("HISTORY", "history.jsonl"));
        switch (arguments[0]) {
            case "load" -> load();
            case "drain" -> Readers.drain();
            default -> throw new IllegalArgumentException("Crash load|drain");
        }
        History.close();
    }

    private static void load() throws Exception {
        List<Thread> threads = new ArrayList<>();
        threads.add(new Thread(() -> Senders.run("idempotent", EVENTS, 1)));
        threads.add(new Thread(() -> Senders.run("idempotent", INPUT, 2)));
        threads.add(new Thread(() -> Senders.run("plain", EVENTS, 3)));
        threads.add(new Thread(() -> Readers.member("read_committed", 4)));
        threads.add(new Thread(() -> Readers.member("read_committed", 5)));
        threads.add(new Thread(() -> Readers.member("read_uncommitted", 6)));
        threads.add(new Thread(() -> Readers.tail(7)));
        if (TRANSACTIONS) {
            threads.add(new Thread(() -> Transactions.run(8)));
            threads.add(new Thread(() -> Copier.run(9)));
            threads.add(new Thread(() -> Copier.run(10)));
        }
        List<Throwable> faults = new ArrayList<>();
        for (Thread thread : threads) {
            thread.setUncaughtExceptionHandler((where, error) -> {
                synchronized (faults) {
                    faults.add(error);
                }
                error.printStackTrace();
            });
            thread.start();
        }
        // The parent closes our input when it has killed enough.
        while (System.in.read() != -1) {}
        stopping = true;
        for (Thread thread : threads) {
            thread.join();
        }
        if (!faults.isEmpty()) {
            History.close();
            System.exit(1);
        }
    }
}
