import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;

/** The history's lines, as `crates/sim/src/history.rs` describes them, and the clock that all clients share. */
final class History {
    private static BufferedWriter file;

    private History() {}

    /** A record that was sent; without an offset nobody knows whether it is stored, -1 is stored without being told. */
    static final class Sent {
        final TopicPartition partition;
        final long value;
        volatile Long offset;

        Sent(TopicPartition partition, long value) {
            this.partition = partition;
            this.value = value;
        }

        private String place() {
            return offset == null || offset < 0 ? "null" : offset.toString();
        }
    }

    /** Input that a transaction consumed: the first offset and the position after. */
    record Range(long first, long next) {}

    /** A transaction's fate. */
    record Ended(String outcome, long ended, long finished) {}

    static void open(String path) throws IOException {
        file = Files.newBufferedWriter(Path.of(path));
    }

    static synchronized void close() throws IOException {
        file.close();
    }

    /** Nanoseconds of the machine's monotonic clock, on Linux. */
    static long now() {
        return System.nanoTime();
    }

    private static synchronized void line(String text) {
        try {
            file.write(text);
            file.write('\n');
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    static void send(String client, String producer, Sent sent) {
        line(String.format(
            "{\"event\":\"send\",\"client\":\"%s\",\"producer\":\"%s\",\"partition\":\"%s\",\"value\":%d,"
                + "\"outcome\":\"%s\",\"offset\":%s}",
            client, producer, sent.partition, sent.value, sent.offset == null ? "unknown" : "ok", sent.place()));
    }

    static void transaction(
            String client, Ended end, List<Sent> sends, String group, Map<TopicPartition, Range> reads) {
        StringBuilder text = new StringBuilder(String.format(
            "{\"event\":\"transaction\",\"client\":\"%s\",\"outcome\":\"%s\",\"ended\":%d,\"finished\":%d,\"sends\":[",
            client, end.outcome, end.ended, end.finished));
        String comma = "";
        for (Sent sent : sends) {
            text.append(String.format("%s{\"partition\":\"%s\",\"value\":%d,\"offset\":%s}",
                comma, sent.partition, sent.value, sent.place()));
            comma = ",";
        }
        text.append(']');
        if (group != null) {
            text.append(",\"group\":\"").append(group).append("\",\"reads\":[");
            comma = "";
            for (var read : reads.entrySet()) {
                text.append(String.format("%s{\"partition\":\"%s\",\"first\":%d,\"next\":%d}",
                    comma, read.getKey(), read.getValue().first, read.getValue().next));
                comma = ",";
            }
            text.append(']');
        }
        line(text.append('}').toString());
    }

    static void assign(String client, TopicPartition partition) {
        line(String.format("{\"event\":\"assign\",\"client\":\"%s\",\"partition\":\"%s\"}", client, partition));
    }

    static void poll(
            String client, String isolation, TopicPartition partition, long start, long end, long next, String records) {
        line(String.format(
            "{\"event\":\"poll\",\"client\":\"%s\",\"isolation\":\"%s\",\"partition\":\"%s\",\"start\":%d,\"end\":%d,"
                + "\"next\":%d,\"records\":[%s]}",
            client, isolation, partition, start, end, next, records));
    }

    static void commit(
            String client, String group, TopicPartition partition, long offset, String outcome, long start, long end) {
        line(String.format(
            "{\"event\":\"commit\",\"client\":\"%s\",\"group\":\"%s\",\"partition\":\"%s\",\"offset\":%d,"
                + "\"outcome\":\"%s\",\"start\":%d,\"end\":%d}",
            client, group, partition, offset, outcome, start, end));
    }

    static void committed(String client, String group, TopicPartition partition, Long offset, long start, long end) {
        line(String.format(
            "{\"event\":\"committed\",\"client\":\"%s\",\"group\":\"%s\",\"partition\":\"%s\",\"offset\":%s,"
                + "\"start\":%d,\"end\":%d}",
            client, group, partition, offset, start, end));
    }

    static void end(String client, String isolation, TopicPartition partition, long offset, long start, long end) {
        line(String.format(
            "{\"event\":\"end\",\"client\":\"%s\",\"isolation\":\"%s\",\"partition\":\"%s\",\"offset\":%d,"
                + "\"start\":%d,\"end\":%d}",
            client, isolation, partition, offset, start, end));
    }

    static void drained(String client, String isolation, TopicPartition partition) {
        line(String.format("{\"event\":\"drained\",\"client\":\"%s\",\"isolation\":\"%s\",\"partition\":\"%s\"}",
            client, isolation, partition));
    }
}
