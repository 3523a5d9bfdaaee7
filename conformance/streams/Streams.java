import java.io.InputStream;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;

/** Applications of Kafka Streams against a broker. One line of JSON for each test. */
public final class Streams {
    private static PrintStream reports;

    private final String bootstrap;
    private final String prefix;

    private Streams(String bootstrap, String prefix) {
        this.bootstrap = bootstrap;
        this.prefix = prefix;
    }

    /** A test of that name. */
    private interface Test {
        void run() throws Exception;
    }

    public static void main(String[] arguments) throws Exception {
        Properties facts = new Properties();
        try (InputStream file = Admin.class.getResourceAsStream("/kafka/kafka-version.properties")) {
            facts.load(file);
        }
        // What else is printed is not a report.
        reports = System.out;
        System.setOut(System.err);
        reports.println("{\"version\":\"" + facts.getProperty("version") + "\"}");
        String bootstrap = System.getenv("BOOTSTRAP");
        String prefix = System.getenv().getOrDefault("PREFIX", "streams");
        Streams streams = new Streams(bootstrap, prefix);
        Map<String, Test> tests = new LinkedHashMap<>();
        tests.put("streams", () -> streams.scale("streams"));
        tests.put("classic", () -> streams.scale("classic"));
        tests.put("tools", () -> new Tools(bootstrap, prefix + "-tools").streams());
        tests.put("reset", () -> new Tools(bootstrap, prefix + "-reset").classic());
        tests.put("smoke-streams", () -> Smoke.run(bootstrap, "streams", 20, 1_000, 60));
        tests.put("smoke-classic", () -> Smoke.run(bootstrap, "classic", 20, 1_000, 60));
        String[] wanted = System.getenv().getOrDefault("FEATURES", "streams,classic,tools,reset").split(",");
        // Most of the time is waiting for sessions to be over: side by side.
        ExecutorService all = Executors.newFixedThreadPool(wanted.length);
        List<Future<Boolean>> running = new ArrayList<>();
        for (String name : wanted) {
            running.add(all.submit(() -> report(name, tests.get(name))));
        }
        boolean fine = true;
        for (Future<Boolean> one : running) {
            fine &= one.get();
        }
        System.exit(fine ? 0 : 1);
    }

    private static boolean report(String name, Test test) {
        long begin = System.nanoTime();
        try {
            test.run();
            System.err.println(name + ": " + (System.nanoTime() - begin) / 1_000_000_000.0 + " s");
            reports.println("{\"feature\":\"" + name + "\",\"ok\":true}");
            return true;
        } catch (Throwable error) {
            error.printStackTrace();
            String note = String.valueOf(error.getMessage()).replaceAll("[\"\\\\\\p{Cntrl}]", " ");
            reports.println("{\"feature\":\"" + name + "\",\"ok\":false,\"note\":\"" + note + "\"}");
            return false;
        }
    }

    /** One instance, then three, then one is killed, then one goes; all the time words come. */
    private void scale(String protocol) throws Exception {
        String application = prefix + "-" + protocol;
        try (Counting counting = new Counting(bootstrap, application, protocol)) {
            Running first = counting.launch();
            counting.write(200);
            counting.share(40, first);
            counting.write(200);
            Running second = counting.launch();
            Running third = counting.launch();
            counting.write(200);
            counting.share(40, first, second, third);
            counting.write(400);
            second.kill();
            counting.write(400);
            counting.share(60, first, third);
            counting.write(200);
            first.stop();
            counting.write(200);
            counting.share(40, third);
            counting.check(60);
            third.stop();
        }
    }
}
