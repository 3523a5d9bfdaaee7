import java.util.ArrayList;
import java.util.List;
import java.util.Map;

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

    private Queues() {}

    /** The name of the client with this number: nobody else in the run has it. */
    static String name(int number) {
        return Loop.variable("CLIENTS", "java") + "-" + number;
    }

    public static void main(String[] arguments) throws Exception {
        History.open(Loop.variable("HISTORY", "history.jsonl"));
        List<Loop.Task> tasks = new ArrayList<>();
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
        System.exit(Loop.run(tasks) ? 0 : 1);
    }
}
