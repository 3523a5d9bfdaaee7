import java.nio.file.Files;
import java.nio.file.Path;

/** Kafka's command-line tools for streams applications. */
final class Tool {
    private static final String GROUPS = "org.apache.kafka.tools.streams.StreamsGroupCommand";
    private static final String RESET = "org.apache.kafka.tools.StreamsResetter";

    private final String bootstrap;

    Tool(String bootstrap) {
        this.bootstrap = bootstrap;
    }

    /** {@code kafka-streams-groups.sh}. Returns what it says. */
    String groups(String... arguments) throws Exception {
        return run(GROUPS, arguments);
    }

    /** {@code kafka-streams-application-reset.sh}. Returns what it says. */
    String reset(String... arguments) throws Exception {
        return run(RESET, arguments);
    }

    private String run(String main, String... arguments) throws Exception {
        String[] all = new String[arguments.length + 2];
        all[0] = "--bootstrap-server";
        all[1] = bootstrap;
        System.arraycopy(arguments, 0, all, 2, arguments.length);
        Path errors = Files.createTempFile("ottla-tool-", ".log");
        try {
            Running running = Running.start(errors, main, all);
            String words = running.finish(60);
            if (running.exitValue() != 0) {
                throw new IllegalStateException(
                    main + " " + String.join(" ", arguments) + " ended with " + running.exitValue() + ": " + words
                        + Files.readString(errors));
            }
            return words;
        } finally {
            Files.delete(errors);
        }
    }

    /** Fails if what a tool said lacks one of these. */
    static void expect(String words, String... parts) {
        for (String part : parts) {
            if (!words.contains(part)) {
                throw new IllegalStateException("'" + part + "' is missing in: " + words);
            }
        }
    }
}
