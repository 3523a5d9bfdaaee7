import java.util.ArrayList;
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
    static final boolean TRANSACTIONS = Loop.variable("FEATURES", "").contains("transactions");

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

    public static void main(String[] arguments) throws Exception {
        History.open(Loop.variable("HISTORY", "history.jsonl"));
        boolean isWell = switch (arguments[0]) {
            case "load" -> load();
            case "drain" -> {
                Readers.drain();
                yield true;
            }
            default -> throw new IllegalArgumentException("Crash load|drain");
        };
        History.close();
        System.exit(isWell ? 0 : 1);
    }

    private static boolean load() throws Exception {
        List<Loop.Task> tasks = new ArrayList<>();
        tasks.add(number -> Senders.run("idempotent", EVENTS, number));
        tasks.add(number -> Senders.run("idempotent", INPUT, number));
        tasks.add(number -> Senders.run("plain", EVENTS, number));
        tasks.add(number -> Readers.member("read_committed", number));
        tasks.add(number -> Readers.member("read_committed", number));
        tasks.add(number -> Readers.member("read_uncommitted", number));
        tasks.add(Readers::tail);
        if (TRANSACTIONS) {
            tasks.add(Transactions::run);
            tasks.add(Copier::run);
            tasks.add(Copier::run);
        }
        return Loop.run(tasks);
    }
}
