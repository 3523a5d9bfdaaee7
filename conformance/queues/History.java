import java.io.FileOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.StringJoiner;

/** The history's lines, each handed to the system at once: what a killed member has done must be known. */
final class History {
    private static FileOutputStream file;

    private History() {}

    static void open(String path) throws IOException {
        file = new FileOutputStream(path);
    }

    /** Nanoseconds of the machine's monotonic clock, on Linux. */
    static long now() {
        return System.nanoTime();
    }

    private static void line(String text) {
        byte[] bytes = (text + "\n").getBytes(StandardCharsets.US_ASCII);
        synchronized (History.class) {
            try {
                file.write(bytes);
            } catch (IOException error) {
                throw new UncheckedIOException(error);
            }
        }
    }

    private static String list(Collection<?> items) {
        StringJoiner text = new StringJoiner(",", "[", "]");
        items.forEach(item -> text.add(item.toString()));
        return text.toString();
    }

    static void sent(String partition, long offset, long value) {
        line("{\"event\":\"sent\",\"partition\":\"" + partition + "\",\"offset\":" + offset + ",\"value\":" + value + "}");
    }

    static void member(String member, String group) {
        line("{\"event\":\"member\",\"member\":\"" + member + "\",\"group\":\"" + group + "\",\"at\":" + now() + "}");
    }

    /** `records` are offset, delivery count and value, in brackets. */
    static void delivered(String member, String partition, long at, Collection<String> records) {
        line("{\"event\":\"delivered\",\"member\":\"" + member + "\",\"partition\":\"" + partition + "\",\"at\":" + at
            + ",\"wall\":" + System.currentTimeMillis() + ",\"records\":" + list(records) + "}");
    }

    static void said(String member, String partition, String verdict, Collection<Long> offsets) {
        line("{\"event\":\"said\",\"member\":\"" + member + "\",\"partition\":\"" + partition + "\",\"at\":" + now()
            + ",\"verdict\":\"" + verdict + "\",\"offsets\":" + list(offsets) + "}");
    }

    static void heard(String member, String partition, boolean counts, Collection<Long> offsets) {
        line("{\"event\":\"heard\",\"member\":\"" + member + "\",\"partition\":\"" + partition + "\",\"at\":" + now()
            + ",\"counts\":" + counts + ",\"offsets\":" + list(offsets) + "}");
    }
}
