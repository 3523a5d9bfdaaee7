import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Java's producers and share consumers under a broker that is killed again and again.
 *
 * <p>`Queues load` runs producers and members until its standard input ends, `Queues member GROUP WAY` one member that is
 * to be killed, `Queues drain GROUP…` a member of each group that accepts everything until its standard input ends. The
 * environment says the rest: `BOOTSTRAP`, `HISTORY` (the file for what happens, described in
 * `crates/sim/src/queues/event.rs`), `SEED`, and `CLIENTS`, which is part of every member's name.
 */
final class Queues {
    static final String JOBS = "jobs";
    static final String ORDERS = "orders";
    /** What each group reads. */
    static final Map<String, String> TOPICS = Map.of("workers", JOBS, "watchers", JOBS, "keyed", ORDERS);

    static final int PARTITIONS = 2;
    static volatile boolean stopping;
    private static final long SEED = Long.parseLong(variable("SEED", "1"));

    private Queues() {}

    private interface Task {
        void run(int number);
    }

    static Random chance(int number) {
        return new Random(SEED * 31 + number);
    }

    /** The name of the client with this number: nobody else in the run has it. */
    static String name(int number) {
        return variable("CLIENTS", "java") + "-" + number;
    }

    private static String variable(String name, String otherwise) {
        String value = System.getenv(name);
        return value == null || value.isEmpty() ? otherwise : value;
    }

    /** What every client is told, and `settings`. */
    static Map<String, Object> config(String name, Object... settings) {
        Map<String, Object> config = new HashMap<>(Map.of(
            "bootstrap.servers", variable("BOOTSTRAP", ""),
            "client.id", name,
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
        List<Task> tasks = new ArrayList<>();
        switch (arguments[0]) {
            case "load" -> {
                tasks.add(number -> Producers.run(JOBS, number));
                tasks.add(number -> Producers.run(ORDERS, number));
                tasks.add(number -> Members.run("workers", Members.Way.EXPLICIT_SYNC, number));
                tasks.add(number -> Members.run("workers", Members.Way.IMPLICIT_POLL, number));
                tasks.add(number -> Members.run("watchers", Members.Way.EXPLICIT_ASYNC, number));
                tasks.add(number -> Members.run("keyed", Members.Way.EXPLICIT_SYNC, number));
                tasks.add(number -> Members.run("keyed", Members.Way.IMPLICIT_SYNC, number));
            }
            case "member" -> {
                Members.Way way = Members.Way.valueOf(arguments[2]);
                tasks.add(number -> Members.run(arguments[1], way, number));
            }
            case "drain" -> {
                for (String group : List.of(arguments).subList(1, arguments.length)) {
                    tasks.add(number -> Members.run(group, Members.Way.DRAIN, number));
                }
            }
            default -> throw new IllegalArgumentException("Queues load|member|drain");
        }
        run(tasks);
    }

    private static void run(List<Task> tasks) throws Exception {
        List<Thread> threads = new ArrayList<>();
        List<Throwable> faults = new ArrayList<>();
        for (Task task : tasks) {
            int number = threads.size() + 1;
            Thread thread = new Thread(() -> task.run(number));
            thread.setUncaughtExceptionHandler((where, error) -> {
                synchronized (faults) {
                    faults.add(error);
                }
                error.printStackTrace();
            });
            threads.add(thread);
            thread.start();
        }
        // The parent closes our input when we are to end.
        while (System.in.read() != -1) {}
        stopping = true;
        for (Thread thread : threads) {
            thread.join();
        }
        System.exit(faults.isEmpty() ? 0 : 1);
    }
}
