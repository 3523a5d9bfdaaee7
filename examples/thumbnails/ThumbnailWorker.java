import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * A worker of the share group in Java: makes a thumbnail of each picture, and rejects what is none.
 * ThumbnailWorker BROKER NOTES TOPIC GROUP OUT
 */
public class ThumbnailWorker {
    private static volatile boolean running = true;

    public static void main(String[] arguments) throws Exception {
        Path notes = Path.of(arguments[1]);
        Path out = Path.of(arguments[4]);
        Thread main = Thread.currentThread();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            running = false;
            try {
                main.join(20_000);
            } catch (InterruptedException ended) {
                Thread.currentThread().interrupt();
            }
        }));
        Map<String, Object> settings = Map.of(
            "bootstrap.servers", arguments[0],
            "group.id", arguments[3],
            "share.acknowledgement.mode", "explicit",
            "share.acquire.mode", "record_limit",
            "max.poll.records", 4);
        try (var consumer = new KafkaShareConsumer<>(settings, new StringDeserializer(), new ByteArrayDeserializer())) {
            consumer.subscribe(List.of(arguments[2]));
            consumer.poll(Duration.ofSeconds(1));
            Files.writeString(notes, "ready\n");
            while (running) {
                StringBuilder noted = new StringBuilder();
                for (var picture : consumer.poll(Duration.ofMillis(500))) {
                    // As if it were a large one.
                    Thread.sleep(30);
                    if (thumbnail(picture.key(), picture.value(), out)) {
                        consumer.acknowledge(picture, AcknowledgeType.ACCEPT);
                        noted.append("done ").append(picture.key()).append('\n');
                    } else {
                        consumer.acknowledge(picture, AcknowledgeType.REJECT);
                        noted.append("broken ").append(picture.key()).append('\n');
                    }
                }
                var failed = consumer.commitSync().values().stream().filter(error -> error.isPresent());
                if (!noted.isEmpty() && failed.count() == 0) {
                    Files.writeString(notes, noted, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
                }
            }
        }
    }

    /** Writes the file in one step, so that a worker that dies leaves no half of one. False: this is no picture. */
    private static boolean thumbnail(String name, byte[] content, Path out) throws IOException {
        BufferedImage picture;
        try {
            picture = ImageIO.read(new ByteArrayInputStream(content));
        } catch (IOException | RuntimeException broken) {
            return false;
        }
        if (picture == null) {
            return false;
        }
        double scale = 96.0 / Math.max(picture.getWidth(), picture.getHeight());
        int width = (int) Math.max(1, Math.round(picture.getWidth() * scale));
        int height = (int) Math.max(1, Math.round(picture.getHeight() * scale));
        var small = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        var pen = small.createGraphics();
        pen.setRenderingHint(RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BILINEAR);
        pen.drawImage(picture, 0, 0, width, height, null);
        pen.dispose();
        Path file = out.resolve(name + ".png");
        Path unfinished = out.resolve(name + ".png." + ProcessHandle.current().pid());
        ImageIO.write(small, "png", unfinished.toFile());
        Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        return true;
    }
}
