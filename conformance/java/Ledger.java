import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** Who owns which partition, and who processed what, over all members of one group. */
final class Ledger {
    private final Map<Integer, String> owners = new HashMap<>();
    private final List<String> processed = new ArrayList<>();
    private final List<String> faults = new ArrayList<>();
    private int revocations;

    synchronized void assigned(String member, List<Integer> partitions) {
        for (int partition : partitions) {
            String owner = owners.put(partition, member);
            if (owner != null && !owner.equals(member)) {
                faults.add(partition + " went to " + member + " while " + owner + " had it");
            }
        }
    }

    synchronized void revoked(String member, List<Integer> partitions) {
        for (int partition : partitions) {
            revocations++;
            owners.remove(partition, member);
        }
    }

    synchronized void record(String member, int partition, String value) {
        if (!member.equals(owners.get(partition))) {
            faults.add(member + " got " + value + " of " + partition + ", which it does not own");
        }
        processed.add(value);
    }

    /** How many partitions each member owns. */
    synchronized Map<String, Integer> shares() {
        Map<String, Integer> shares = new TreeMap<>();
        owners.values().forEach(owner -> shares.merge(owner, 1, Integer::sum));
        return shares;
    }

    synchronized Set<Integer> ownedBy(String member) {
        Set<Integer> owned = new TreeSet<>(owners.keySet());
        owned.removeIf(partition -> !owners.get(partition).equals(member));
        return owned;
    }

    synchronized int revocations() {
        return revocations;
    }

    synchronized List<String> faults() {
        return List.copyOf(faults);
    }

    private synchronized int distinct() {
        return new HashSet<>(processed).size();
    }

    void waitForShares(Map<String, Integer> wanted) {
        Scenarios.waitUntil(() -> shares().equals(wanted), () -> "shares " + wanted + ", they are " + shares());
    }

    void waitForRecords(int count) {
        Scenarios.waitUntil(() -> distinct() >= count, () -> count + " records, got " + distinct());
    }

    /** Every record once, and no partition with two owners. */
    synchronized void settle(List<String> wanted) {
        Scenarios.equal(processed.stream().sorted().toList(), wanted.stream().sorted().toList(), "processed");
        Scenarios.equal(faults, List.of(), "faults");
    }
}
