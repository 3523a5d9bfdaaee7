import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * What Java's programs of the crash loops share: what the environment says, records that are recognised as a whole, and
 * threads that work until the standard input ends.
 */
final class Loop {
    static volatile boolean stopping;
    private static final long SEED = Long.parseLong(variable("SEED", "1"));

    private Loop() {}

    /** What a thread does; its number is its own in the whole program. */
    interface Task {
        void run(int number);
    }

    static String variable(String name, String otherwise) {
        String value = System.getenv(name);
        return value == null || value.isEmpty() ? otherwise : value;
    }

    static Random chance(int number) {
        return new Random(SEED * 31 + number);
    }

    /** What every client is told, and `settings`. */
    static Map<String, Object> config(String client, Object... settings) {
        Map<String, Object> config = new HashMap<>(Map.of(
            "bootstrap.servers", variable("BOOTSTRAP", ""),
            "client.id", client,
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

    /** Runs each task in a thread of its own until the parent closes our standard input. Whether all ended well. */
    static boolean run(List<Task> tasks) throws Exception {
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
        while (System.in.read() != -1) {}
        stopping = true;
        for (Thread thread : threads) {
            thread.join();
        }
        return faults.isEmpty();
    }
}
