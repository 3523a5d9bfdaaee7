package suite

import (
	"fmt"
	"slices"
	"sync"
)

// Ledger knows who owns which partition, and who processed what, over all members of one group.
type Ledger struct {
	lock        sync.Mutex
	owners      map[int32]string
	processed   []string
	faults      []string
	revocations int
}

func newLedger() *Ledger { return &Ledger{owners: map[int32]string{}} }

// Assigned says that a member got partitions.
func (l *Ledger) Assigned(member string, partitions []int32) {
	l.lock.Lock()
	defer l.lock.Unlock()
	for _, partition := range partitions {
		if owner, owned := l.owners[partition]; owned && owner != member {
			l.faults = append(l.faults, fmt.Sprintf("%d went to %s while %s had it", partition, member, owner))
		}
		l.owners[partition] = member
	}
}

// Revoked says that a member gave partitions up.
func (l *Ledger) Revoked(member string, partitions []int32) {
	l.lock.Lock()
	defer l.lock.Unlock()
	for _, partition := range partitions {
		l.revocations++
		if l.owners[partition] == member {
			delete(l.owners, partition)
		}
	}
}

// Record says that a member processed a record.
func (l *Ledger) Record(member string, partition int32, value string) {
	l.lock.Lock()
	defer l.lock.Unlock()
	if l.owners[partition] != member {
		l.faults = append(l.faults, fmt.Sprintf("%s got %s of %d, which it does not own", member, value, partition))
	}
	l.processed = append(l.processed, value)
}

func (l *Ledger) ownedBy(member string) []int32 {
	l.lock.Lock()
	defer l.lock.Unlock()
	owned := []int32{}
	for partition, owner := range l.owners {
		if owner == member {
			owned = append(owned, partition)
		}
	}
	slices.Sort(owned)
	return owned
}

func (l *Ledger) shares() map[string]int {
	l.lock.Lock()
	defer l.lock.Unlock()
	shares := map[string]int{}
	for _, owner := range l.owners {
		shares[owner]++
	}
	return shares
}

func (l *Ledger) distinct() int {
	l.lock.Lock()
	defer l.lock.Unlock()
	seen := map[string]bool{}
	for _, value := range l.processed {
		seen[value] = true
	}
	return len(seen)
}

func (l *Ledger) waitForShares(wanted map[string]int) error {
	return waitUntil(
		func() bool { return equal(l.shares(), wanted, "") == nil },
		func() string { return fmt.Sprintf("shares %v, they are %v", wanted, l.shares()) },
	)
}

func (l *Ledger) waitForRecords(count int) error {
	return waitUntil(
		func() bool { return l.distinct() >= count },
		func() string { return fmt.Sprintf("%d records, got %d", count, l.distinct()) },
	)
}

// settle wants every record once, and no partition with two owners.
func (l *Ledger) settle(wanted []string) error {
	l.lock.Lock()
	defer l.lock.Unlock()
	slices.Sort(l.processed)
	wanted = slices.Sorted(slices.Values(wanted))
	return first(
		func() error { return equal(len(l.processed), len(wanted), "number of processed records") },
		func() error { return equal(l.processed, wanted, "processed") },
		func() error { return equal(len(l.faults), 0, fmt.Sprintf("faults %.300s", fmt.Sprint(l.faults))) },
	)
}
