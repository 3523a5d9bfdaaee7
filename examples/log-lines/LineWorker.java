import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.common.serialization.StringDeserializer;

/** Reads log lines, each for so many milliseconds, and notes their numbers. LineWorker BROKER NOTES TOPIC GROUP PACE */
public class LineWorker {
    private static volatile boolean running = true;

    public static void main(String[] arguments) throws Exception {
        Path notes = Path.of(arguments[1]);
        long pace = Long.parseLong(arguments[4]) * 1_000_000;
        Thread main = Thread.currentThread();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            running = false;
            try {
                main.join(20_000);
            } catch (InterruptedException ended) {
                Thread.currentThread().interrupt();
            }
        }));
        // record_limit: no more than asked for, so that nobody hoards what others could do.
        Map<String, Object> settings = Map.of(
            "bootstrap.servers", arguments[0],
            "group.id", arguments[3],
            "share.acquire.mode", "record_limit",
            "max.poll.records", 8);
        try (var consumer = new KafkaShareConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
            consumer.subscribe(List.of(arguments[2]));
            consumer.poll(Duration.ofSeconds(1));
            Files.writeString(notes, "ready\n");
            while (running) {
                var noted = new StringBuilder();
                long start = System.nanoTime();
                int count = 0;
                for (var line : consumer.poll(Duration.ofMillis(500))) {
                    if (count == 0) {
                        start = System.nanoTime();
                    }
                    count += 1;
                    noted.append(line.value(), line.value().lastIndexOf(' ') + 1, line.value().length()).append('\n');
                }
                // So many lines take so long; a sleep for each would be as long as the clock ticks.
                for (long left; (left = start + count * pace - System.nanoTime()) > 0;) {
                    LockSupport.parkNanos(left);
                }
                consumer.commitSync();
                Files.writeString(notes, noted, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
            }
        }
    }
}
