import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * One instance of an application that counts words, exactly once.
 *
 * <p>Reads a line "stop" from its standard input, or its end, as the wish that it stops. Tells in lines on standard output how
 * many tasks it runs, how many it keeps warm, and how many instances it knows, whenever that changes.
 */
public final class Instance {
    private Instance() {}

    /** BOOTSTRAP APPLICATION STATE PROTOCOL ENDPOINT, where PROTOCOL is classic or streams. */
    public static void main(String[] arguments) throws Exception {
        String application = arguments[1];
        Properties settings = new Properties();
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, arguments[0]);
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, application);
        settings.put(StreamsConfig.STATE_DIR_CONFIG, arguments[2]);
        settings.put(StreamsConfig.GROUP_PROTOCOL_CONFIG, arguments[3]);
        settings.put(StreamsConfig.APPLICATION_SERVER_CONFIG, arguments[4]);
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 100);
        // Every count is to be seen, not only the last before a commit.
        settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 0);
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
        settings.put(StreamsConfig.consumerPrefix("auto.offset.reset"), "earliest");
        if (arguments[3].equals("classic")) {
            settings.put(StreamsConfig.consumerPrefix("session.timeout.ms"), 6_000);
            settings.put(StreamsConfig.consumerPrefix("heartbeat.interval.ms"), 500);
            settings.put(StreamsConfig.NUM_STANDBY_REPLICAS_CONFIG, 1);
        }
        KafkaStreams streams = new KafkaStreams(topology(application), settings);
        streams.setUncaughtExceptionHandler(error -> {
            System.out.println("error " + error);
            return org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse
                .SHUTDOWN_CLIENT;
        });
        streams.start();
        Thread teller = new Thread(() -> tell(streams), "teller");
        teller.setDaemon(true);
        teller.start();
        int read = System.in.read();
        while (read != -1 && read != 's') {
            read = System.in.read();
        }
        boolean closed = streams.close(Duration.ofSeconds(20));
        System.out.println(closed ? "closed" : "not closed");
        System.exit(closed ? 0 : 1);
    }

    /** Lines become words, words get a partition of their own, and are counted. */
    static Topology topology(String application) {
        StreamsBuilder builder = new StreamsBuilder();
        builder
            .stream(application + "-lines", Consumed.with(Serdes.String(), Serdes.String()))
            .flatMapValues(line -> Arrays.asList(line.toLowerCase(Locale.ROOT).split(" ")))
            .groupBy((key, word) -> word, Grouped.with("words", Serdes.String(), Serdes.String()))
            .count(
                Materialized.<String, Long, KeyValueStore<Bytes, byte[]>>as("counts")
                    .withKeySerde(Serdes.String())
                    .withValueSerde(Serdes.Long()))
            .toStream()
            .to(application + "-counts", Produced.with(Serdes.String(), Serdes.Long()));
        return builder.build();
    }

    private static void tell(KafkaStreams streams) {
        String told = "";
        while (true) {
            int active = 0;
            int standby = 0;
            for (var thread : streams.metadataForLocalThreads()) {
                active += thread.activeTasks().size();
                standby += thread.standbyTasks().size();
            }
            int known = 0;
            if (streams.state() == KafkaStreams.State.RUNNING) {
                known = streams.metadataForAllStreamsClients().size();
            }
            String now = "state " + streams.state() + " active " + active + " standby " + standby + " known " + known;
            if (!now.equals(told)) {
                System.out.println(now);
                told = now;
            }
            try {
                Thread.sleep(50);
            } catch (InterruptedException over) {
                return;
            }
        }
    }
}
