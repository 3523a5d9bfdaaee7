import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;

/**
 * Runs Kafka's command-line tools one after the other in one Java machine: starting one for each would take
 * most of the time.
 *
 * <p>A request is a line of words in Base64: the tool's main class, its standard input, its arguments. The
 * answer is a line: the exit status, the standard output and the standard error, in Base64 too.
 */
final class Tools {
    /** A tool wants to leave; thrown in place of leaving. */
    private static final class Leaving extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    /** The status of the first attempt to leave: some tools catch it and try again with another. */
    private static Integer left;

    public static void main(String[] unused) throws Exception {
        PrintStream answers = System.out;
        instead("setExitProcedure", (proxy, method, given) -> {
            left = left == null ? (Integer) given[0] : left;
            throw new Leaving();
        });
        List<Runnable> endings = new ArrayList<>();
        instead("setShutdownHookAdder", (proxy, method, given) -> endings.add((Runnable) given[1]));
        BufferedReader requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        for (String line = requests.readLine(); line != null; line = requests.readLine()) {
            byte[][] words = Arrays.stream(line.split(" ", -1)).map(Base64.getDecoder()::decode).toArray(byte[][]::new);
            ByteArrayOutputStream output = new ByteArrayOutputStream();
            ByteArrayOutputStream errors = new ByteArrayOutputStream();
            System.setIn(new ByteArrayInputStream(words[1]));
            System.setOut(new PrintStream(output, true, StandardCharsets.UTF_8));
            System.setErr(new PrintStream(errors, true, StandardCharsets.UTF_8));
            String[] arguments = Arrays.stream(words).skip(2).map(Tools::text).toArray(String[]::new);
            int status = run(text(words[0]), arguments);
            // What a tool leaves to the end of its machine: the producer sends its last records then.
            endings.forEach(Runnable::run);
            endings.clear();
            System.out.flush();
            answers.println(status + " " + base64(output) + " " + base64(errors));
            answers.flush();
        }
    }

    /** What tools do instead of leaving. The class that they ask has another package since 4.4. */
    private static void instead(String setter, InvocationHandler handler) throws ReflectiveOperationException {
        Class<?> exit;
        try {
            exit = Class.forName("org.apache.kafka.common.utils.internals.Exit");
        } catch (ClassNotFoundException older) {
            exit = Class.forName("org.apache.kafka.common.utils.Exit");
        }
        for (Method method : exit.getMethods()) {
            if (method.getName().equals(setter)) {
                Class<?>[] asked = {method.getParameterTypes()[0]};
                method.invoke(null, Proxy.newProxyInstance(Tools.class.getClassLoader(), asked, handler));
            }
        }
    }

    private static int run(String tool, String[] arguments) throws Exception {
        left = null;
        try {
            Class.forName(tool).getMethod("main", String[].class).invoke(null, (Object) arguments);
            return left == null ? 0 : left;
        } catch (java.lang.reflect.InvocationTargetException error) {
            if (left != null) {
                return left;
            }
            error.getCause().printStackTrace();
            return 1;
        }
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static String base64(ByteArrayOutputStream bytes) {
        return Base64.getEncoder().encodeToString(bytes.toByteArray());
    }
}
