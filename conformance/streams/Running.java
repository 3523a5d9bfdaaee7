import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A program of this folder in a process of its own, which can be killed. */
final class Running {
    private static final Pattern STATE =
        Pattern.compile("state (\\S+) active (\\d+) standby (\\d+) known (\\d+)");

    private final Process process;
    private final List<String> lines = new ArrayList<>();
    private volatile int active;
    private volatile int standby;
    private volatile int known;

    private Running(Process process) {
        this.process = process;
        Thread reader = new Thread(this::read, "reader");
        reader.setDaemon(true);
        reader.start();
    }

    /** Starts a main class with these arguments; what it says on standard error goes to a file. */
    static Running start(Path errors, String main, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
            "java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx256m",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=" + level(),
            "-cp", System.getProperty("java.class.path"), main));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.redirectError(ProcessBuilder.Redirect.appendTo(new File(errors.toString())));
        Running running = new Running(builder.start());
        Runtime.getRuntime().addShutdownHook(new Thread(running.process::destroyForcibly));
        return running;
    }

    private static String level() {
        return System.getenv().getOrDefault("LEVEL", "error");
    }

    private void read() {
        try (BufferedReader reader = process.inputReader()) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                synchronized (lines) {
                    lines.add(line);
                }
                Matcher state = STATE.matcher(line);
                if (state.matches()) {
                    active = Integer.parseInt(state.group(2));
                    standby = Integer.parseInt(state.group(3));
                    known = Integer.parseInt(state.group(4));
                }
            }
        } catch (IOException over) {
            // The process is gone, and its last words with it.
        }
    }

    int active() {
        return process.isAlive() ? active : 0;
    }

    int standby() {
        return process.isAlive() ? standby : 0;
    }

    int known() {
        return process.isAlive() ? known : 0;
    }

    /** SIGKILL. */
    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /** Asks it to stop, and waits for that. */
    void stop() throws Exception {
        try (var input = process.outputWriter()) {
            input.write("stop\n");
        }
        if (!process.waitFor(40, TimeUnit.SECONDS)) {
            kill();
            throw new IllegalStateException("an instance did not stop: " + words());
        }
        if (process.exitValue() != 0) {
            throw new IllegalStateException("an instance stopped with " + process.exitValue() + ": " + words());
        }
    }

    /** Waits for its end. Returns all that it said. */
    String finish(int seconds) throws Exception {
        if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
            kill();
            throw new IllegalStateException("not done in " + seconds + " s: " + words());
        }
        Thread.sleep(50);
        return words();
    }

    int exitValue() {
        return process.exitValue();
    }

    String words() {
        synchronized (lines) {
            return String.join("\n", lines);
        }
    }
}
