import java.util.Set;
import org.apache.kafka.clients.admin.Admin;

/** What the tools show and change of an application, in both protocols. */
final class Tools {
    private final String bootstrap;
    private final String application;

    Tools(String bootstrap, String application) {
        this.bootstrap = bootstrap;
        this.application = application;
    }

    /** Of an application whose broker shares out the tasks. */
    void streams() throws Exception {
        Tool tool = new Tool(bootstrap);
        String[] group = {"--group", application};
        try (Counting counting = new Counting(bootstrap, application, "streams")) {
            Running instance = counting.launch();
            counting.write(100);
            counting.share(60, instance);
            counting.check(60);
            Tool.expect(tool.groups("--list", "--state"), application, "Stable");
            Tool.expect(tool.groups(with(group, "--describe", "--state")), "Stable", "1");
            Tool.expect(tool.groups(with(group, "--describe", "--members", "--verbose")), "ACTIVE", "[0,1,2,3]");
            Tool.expect(tool.groups(with(group, "--describe", "--offsets")), application + "-lines", "words-repartition");
            instance.stop();
        }
        Tool.expect(tool.groups(with(group, "--describe", "--state")), "Empty");
        String input = application + "-lines";
        String[] reset = with(group, "--reset-offsets", "--input-topic", input, "--to-earliest");
        Tool.expect(tool.groups(with(reset, "--dry-run")), input);
        Tool.expect(tool.groups(with(reset, "--execute", "--delete-all-internal-topics")), input);
        expectNoInternalTopics();
        String[] forget = with(group, "--delete-offsets", "--input-topic", input);
        Tool.expect(tool.groups(forget), "Request succeeded", "Successful");
        Tool.expect(tool.groups(with(group, "--delete")), "successful");
        if (tool.groups("--list").contains(application)) {
            throw new IllegalStateException("a deleted group is listed");
        }
    }

    /** Of an application whose members share out the tasks themselves. */
    void classic() throws Exception {
        try (Counting counting = new Counting(bootstrap, application, "classic")) {
            Running instance = counting.launch();
            counting.write(100);
            counting.check(60);
            instance.stop();
        }
        // Kafka Streams does not leave a classic group when it stops; the tool can make it.
        new Tool(bootstrap).reset("--application-id", application, "--input-topics", application + "-lines", "--force");
        expectNoInternalTopics();
    }

    private void expectNoInternalTopics() throws Exception {
        try (Admin admin = Admin.create(java.util.Map.of("bootstrap.servers", bootstrap))) {
            Set<String> topics = admin.listTopics().names().get();
            topics.removeIf(topic -> !topic.startsWith(application + "-words") && !topic.startsWith(application + "-counts-"));
            if (!topics.isEmpty()) {
                throw new IllegalStateException("internal topics are left: " + topics);
            }
        }
    }

    private static String[] with(String[] group, String... arguments) {
        String[] all = java.util.Arrays.copyOf(group, group.length + arguments.length);
        System.arraycopy(arguments, 0, all, group.length, arguments.length);
        return all;
    }
}
