import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.OutOfOrderSequenceException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.TimeoutException;

/** Transactions: some committed, some aborted on purpose, all over several partitions of two topics. */
final class Transactions {
    private Transactions() {}

    /** How an attempt to end a transaction went, and whether the producer can go on. */
    record Verdict(History.Ended end, boolean isUsable) {}

    static void run(int number) {
        Random chance = Loop.chance(number);
        while (!Loop.stopping) {
            var name = new Crash.Name("transactional");
            try (var producer = open(name, "java-" + number)) {
                while (producer != null && !Loop.stopping && once(producer, name, chance)) {
                    Loop.pause(chance.nextInt(60));
                }
            }
        }
    }

    private static boolean once(KafkaProducer<String, String> producer, Crash.Name name, Random chance) {
        List<History.Sent> sends = new ArrayList<>();
        boolean isSent = begun(producer, name);
        for (int left = chance.nextInt(20); isSent && 0 <= left; left--) {
            String topic = chance.nextBoolean() ? Crash.EVENTS : Crash.OUTPUT;
            isSent = sent(producer, new History.Sent(Crash.anywhere(chance, topic), name.next()), sends, name);
            if (chance.nextInt(8) == 0) {
                Loop.pause(chance.nextInt(100));
            }
        }
        Verdict verdict = end(producer, name, isSent && chance.nextInt(6) != 0);
        History.transaction(name.client, verdict.end, sends, null, null);
        return verdict.isUsable;
    }

    static boolean begun(KafkaProducer<String, String> producer, Crash.Name name) {
        try {
            producer.beginTransaction();
            return true;
        } catch (KafkaException | IllegalStateException error) {
            System.err.println(name.client + ": begin: " + error);
            return false;
        }
    }

    /** Sends one record; what is in `sends` was attempted. */
    static boolean sent(
            KafkaProducer<String, String> producer, History.Sent record, List<History.Sent> sends, Crash.Name name) {
        try {
            sends.add(record);
            Senders.send(producer, record, () -> {});
            return true;
        } catch (KafkaException | IllegalStateException error) {
            System.err.println(name.client + ": send: " + error);
            return false;
        }
    }

    /** A producer with the transactional id, once the coordinator has let it begin; null if it did not. */
    static KafkaProducer<String, String> open(Crash.Name name, String id) {
        var producer = Senders.create(name, "transactional.id", id, "transaction.timeout.ms", 20_000,
            "compression.type", "zstd");
        for (int left = 3; 0 < left; left--) {
            try {
                producer.initTransactions();
                return producer;
            } catch (TimeoutException error) {
                System.err.println(name.client + ": init: " + error);
            } catch (KafkaException error) {
                System.err.println(name.client + ": init: " + error);
                break;
            }
        }
        producer.close(Duration.ZERO);
        Loop.pause(500);
        return null;
    }

    /** Commits if that is wanted, else aborts. */
    static Verdict end(KafkaProducer<String, String> producer, Crash.Name name, boolean isWanted) {
        long ended = History.now();
        String outcome = isWanted ? commit(producer, name) : "aborted";
        boolean isUsable = true;
        if (!outcome.equals("committed")) {
            // Only a transaction that is not committed can be aborted, so if that works we know.
            isUsable = !outcome.equals("unknown") && aborted(producer, name);
            if (isWanted && !isUsable) {
                outcome = "unknown";
            }
        }
        return new Verdict(new History.Ended(outcome, ended, History.now()), isUsable);
    }

    /** Asks for the commit until there is an answer. */
    private static String commit(KafkaProducer<String, String> producer, Crash.Name name) {
        for (int left = 3; 0 < left; left--) {
            try {
                producer.commitTransaction();
                return "committed";
            } catch (TimeoutException error) {
                System.err.println(name.client + ": commit: " + error);
            } catch (ProducerFencedException | InvalidProducerEpochException | OutOfOrderSequenceException
                    | AuthorizationException | IllegalStateException error) {
                System.err.println(name.client + ": commit: " + error);
                return "unknown";
            } catch (KafkaException error) {
                System.err.println(name.client + ": commit: " + error);
                return "aborted";
            }
        }
        return "unknown";
    }

    private static boolean aborted(KafkaProducer<String, String> producer, Crash.Name name) {
        for (int left = 3; 0 < left; left--) {
            try {
                producer.abortTransaction();
                return true;
            } catch (TimeoutException error) {
                System.err.println(name.client + ": abort: " + error);
            } catch (KafkaException | IllegalStateException error) {
                System.err.println(name.client + ": abort: " + error);
                return false;
            }
        }
        return false;
    }
}
