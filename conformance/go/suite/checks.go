package suite

import (
	"fmt"
	"slices"
	"strings"
)

var checks = []struct {
	feature string
	run     func(client Client, topic string) error
}{
	{"create", func(c Client, topic string) error { return create(c, topic, 3) }},
	{"none", compression("none")},
	{"gzip", compression("gzip")},
	{"snappy", compression("snappy")},
	{"lz4", compression("lz4")},
	{"zstd", compression("zstd")},
	{"headers", headers},
	{"earliest", earliest},
	{"timestamp", timestamp},
	{"group", group},
	{"broadcast", broadcast},
	{"resume", resume},
	{"idempotent", idempotent},
	{"transactions", transactions},
	{"fencing", fencing},
	{"cooperative", cooperative},
	{"static", static},
	{"configs", configs},
	{"groups", groups},
	{"delete", remove},
}

func create(c Client, topic string, partitions int32) error {
	if err := c.CreateTopic(topic, partitions); err != nil {
		return err
	}
	return waitForTopic(c, topic, int(partitions))
}

func waitForTopic(c Client, topic string, partitions int) error {
	var topics map[string]int
	var err error
	return waitUntil(
		func() bool { topics, err = c.Topics(); return err == nil && topics[topic] == partitions },
		func() string {
			return fmt.Sprintf("%d partitions of %s, they are %d, %v", partitions, topic, topics[topic], err)
		},
	)
}

func values(name string, count int) []string {
	list := make([]string, count)
	for n := range list {
		list[n] = fmt.Sprintf("%s%d", name, n)
	}
	return list
}

func records(values []string, partitions int32) []Record {
	list := make([]Record, len(values))
	for n, value := range values {
		list[n] = Record{Value: []byte(value), Partition: int32(n) % partitions}
	}
	return list
}

func texts(records []Record) []string {
	list := make([]string, len(records))
	for n, record := range records {
		list[n] = string(record.Value)
	}
	return list
}

// send produces and forgets the offsets.
func send(c Client, topic string, records []Record, options ProduceOptions) error {
	_, err := c.Produce(topic, records, options)
	return err
}

func readBack(c Client, topic string, wanted []string) error {
	got, err := c.Read(topic, len(wanted), 0)
	if err != nil {
		return err
	}
	return equal(texts(got), wanted, "values")
}

func compression(codec string) func(Client, string) error {
	return func(c Client, topic string) error {
		wanted := values("v", 100)
		for n := range wanted {
			wanted[n] = strings.Repeat(wanted[n], 50)
		}
		return first(
			func() error { return create(c, topic, 1) },
			func() error { return send(c, topic, records(wanted, 1), ProduceOptions{Compression: codec}) },
			func() error { return readBack(c, topic, wanted) },
		)
	}
}

func headers(c Client, topic string) error {
	sent := []Record{
		{Key: []byte("k"), Headers: []Header{{"h", []byte("1")}, {"h", []byte("2")}, {"null", nil}, {"empty", []byte{}}}},
		{Key: []byte{}, Value: []byte{0, 255}},
		{Value: []byte{}},
	}
	if err := first(
		func() error { return create(c, topic, 1) },
		func() error { return send(c, topic, sent, ProduceOptions{}) },
	); err != nil {
		return err
	}
	got, err := c.Read(topic, len(sent), 0)
	if err != nil {
		return err
	}
	for n := range got {
		got[n].Offset, got[n].Timestamp = 0, 0
	}
	return equal(got, sent, "records")
}

func earliest(c Client, topic string) error {
	if err := first(
		func() error { return create(c, topic, 1) },
		func() error { return send(c, topic, records(values("v", 50), 1), ProduceOptions{}) },
	); err != nil {
		return err
	}
	got, err := c.Read(topic, 50, 0)
	if err != nil {
		return err
	}
	for n, record := range got {
		if record.Offset != int64(n) {
			return fmt.Errorf("record %d has offset %d", n, record.Offset)
		}
	}
	return equal(texts(got), values("v", 50), "values")
}

func timestamp(c Client, topic string) error {
	const start = 1_600_000_000_000
	sent := records(values("v", 10), 1)
	for n := range sent {
		sent[n].Timestamp = start + 1000*int64(n)
	}
	if err := first(
		func() error { return create(c, topic, 1) },
		func() error { return send(c, topic, sent, ProduceOptions{}) },
	); err != nil {
		return err
	}
	offset, err := c.OffsetForTime(topic, start+5500)
	if err != nil {
		return err
	}
	got, err := c.Read(topic, 1, offset)
	if err != nil {
		return err
	}
	return first(
		func() error { return equal(offset, int64(6), "offset at the time") },
		func() error { return equal(got[0].Timestamp, int64(start+6000), "timestamp") },
	)
}

func group(c Client, topic string) error {
	ledger := newLedger()
	members := map[string]Member{}
	sent := [][]string{values("first", 120), values("second", 120), values("third", 120)}
	join := func(name string) error {
		member, err := c.Join(ledger, MemberOptions{Group: topic, Topic: topic, Name: name})
		members[name] = member
		return err
	}
	leave := func(name string) error {
		members[name].Leave()
		return nil
	}
	produce := func(n int) error { return send(c, topic, records(sent[n], 6), ProduceOptions{}) }
	return first(
		func() error { return create(c, topic, 6) },
		func() error { return join("a") },
		func() error { return join("b") },
		func() error { return join("c") },
		func() error { return ledger.waitForShares(map[string]int{"a": 2, "b": 2, "c": 2}) },
		func() error { return produce(0) },
		func() error { return ledger.waitForRecords(120) },
		func() error { return leave("c") },
		func() error { return produce(1) },
		func() error { return ledger.waitForShares(map[string]int{"a": 3, "b": 3}) },
		func() error { return ledger.waitForRecords(240) },
		func() error { return join("d") },
		func() error { return produce(2) },
		func() error { return ledger.waitForShares(map[string]int{"a": 2, "b": 2, "d": 2}) },
		func() error { return ledger.waitForRecords(360) },
		func() error { return leave("a") },
		func() error { return leave("b") },
		func() error { return leave("d") },
		func() error { return ledger.settle(slices.Concat(sent...)) },
	)
}

func broadcast(c Client, topic string) error {
	wanted := slices.Sorted(slices.Values(values("v", 60)))
	everything := func(group string) error {
		got, err := c.Take(topic+group, topic, 60)
		if err != nil {
			return err
		}
		return equal(slices.Sorted(slices.Values(texts(got))), wanted, "group"+group)
	}
	return first(
		func() error { return create(c, topic, 2) },
		func() error { return send(c, topic, records(values("v", 60), 2), ProduceOptions{}) },
		func() error { return everything("-one") },
		func() error { return everything("-two") },
	)
}

func resume(c Client, topic string) error {
	wanted := values("v", 20)
	part := func(from, to int) error {
		got, err := c.Take(topic, topic, to-from)
		if err != nil {
			return err
		}
		return equal(texts(got), wanted[from:to], "values")
	}
	committed := func() error {
		offset, err := c.Committed(topic, topic)
		if err != nil {
			return err
		}
		return equal(offset, int64(10), "committed offset")
	}
	return first(
		func() error { return create(c, topic, 1) },
		func() error { return send(c, topic, records(wanted, 1), ProduceOptions{}) },
		func() error { return part(0, 10) },
		committed,
		func() error { return part(10, 20) },
	)
}

func idempotent(c Client, topic string) error {
	if err := create(c, topic, 1); err != nil {
		return err
	}
	offsets, err := c.Produce(topic, records(values("v", 200), 1), ProduceOptions{Idempotent: true})
	if err != nil {
		return err
	}
	for n, offset := range offsets {
		if offset != int64(n) {
			return fmt.Errorf("record %d got offset %d", n, offset)
		}
	}
	return readBack(c, topic, values("v", 200))
}

func transactions(c Client, topic string) error {
	kept, lost, more := values("kept", 5), values("lost", 5), values("more", 5)
	read := func(isolation Isolation, wanted []string) error {
		got, err := c.ReadIsolated(topic, len(wanted), isolation)
		if err != nil {
			return err
		}
		return equal(texts(got), wanted, "values")
	}
	committed := func() error {
		offset, err := c.Committed(topic, topic)
		if err != nil {
			return err
		}
		return equal(offset, int64(7), "committed offset")
	}
	return first(
		func() error { return create(c, topic, 1) },
		func() error {
			return c.Transact(topic, topic, []Transaction{
				{Records: records(kept, 1), Offset: 3, Commits: true},
				{Records: records(lost, 1), Offset: 99, Commits: false},
				{Records: records(more, 1), Offset: 7, Commits: true},
			})
		},
		func() error { return read(ReadCommitted, slices.Concat(kept, more)) },
		func() error { return read(ReadUncommitted, slices.Concat(kept, lost, more)) },
		committed,
	)
}

func fencing(c Client, topic string) error {
	renewed := values("new", 5)
	return first(
		func() error { return create(c, topic, 1) },
		func() error {
			heard, err := c.TakeOver(topic, records(values("old", 5), 1), records(renewed, 1))
			if err != nil {
				return err
			}
			return equal(heard != nil, true, "whether the first one's commit is refused")
		},
		func() error {
			got, err := c.ReadIsolated(topic, len(renewed), ReadCommitted)
			if err != nil {
				return err
			}
			return equal(texts(got), renewed, "values")
		},
	)
}

func cooperative(c Client, topic string) error {
	ledger := newLedger()
	members := map[string]Member{}
	join := func(name string) error {
		member, err := c.Join(ledger, MemberOptions{Group: topic, Topic: topic, Name: name, Cooperative: true})
		members[name] = member
		return err
	}
	if err := first(
		func() error { return create(c, topic, 4) },
		func() error { return join("a") },
		func() error { return ledger.waitForShares(map[string]int{"a": 4}) },
		func() error { return join("b") },
		func() error { return ledger.waitForShares(map[string]int{"a": 2, "b": 2}) },
		func() error { return equal(ledger.revocations, 2, "partitions that were taken from the first member") },
		func() error { return equal(len(ledger.faults), 0, "faults") },
	); err != nil {
		return err
	}
	members["a"].Leave()
	members["b"].Leave()
	return nil
}

func static(c Client, topic string) error {
	ledger := newLedger()
	members := map[string]Member{}
	var before []int32
	var assignments int
	join := func(name string) error {
		member, err := c.Join(ledger, MemberOptions{Group: topic, Topic: topic, Name: name, Instance: name})
		members[name] = member
		return err
	}
	restart := func() error {
		before, assignments = ledger.ownedBy("b"), members["a"].Assignments()
		members["b"].Leave()
		return join("b")
	}
	if err := first(
		func() error { return create(c, topic, 4) },
		func() error { return join("a") },
		func() error { return join("b") },
		func() error { return ledger.waitForShares(map[string]int{"a": 2, "b": 2}) },
		restart,
		func() error { return ledger.waitForShares(map[string]int{"a": 2, "b": 2}) },
		func() error { return equal(ledger.ownedBy("b"), before, "partitions of the member that came back") },
		func() error {
			return equal(members["a"].Assignments(), assignments, "assignments of the one that stayed")
		},
	); err != nil {
		return err
	}
	members["a"].Leave()
	members["b"].Leave()
	return nil
}

func configs(c Client, topic string) error {
	const name = "retention.ms"
	is := func(wanted string) error {
		got, err := c.Config(topic, name)
		if err != nil {
			return err
		}
		return equal(got, wanted, name)
	}
	return first(
		func() error { return create(c, topic, 1) },
		func() error { return is("604800000") },
		func() error { return c.AlterConfig(topic, name, "123456789") },
		func() error {
			return waitUntil(func() bool { return is("123456789") == nil }, func() string { return "the change" })
		},
	)
}

func groups(c Client, topic string) error {
	ledger := newLedger()
	if err := create(c, topic, 2); err != nil {
		return err
	}
	member, err := c.Join(ledger, MemberOptions{Group: topic, Topic: topic, Name: "a"})
	if err != nil {
		return err
	}
	listed := func(wanted bool) error {
		groups, err := c.Groups()
		if err != nil {
			return err
		}
		return equal(slices.Contains(groups, topic), wanted, "listed")
	}
	described := func() error {
		facts, err := c.DescribeGroup(topic)
		if err != nil {
			return err
		}
		return equal(facts, []string{"Stable", "a"}, "state and client ids")
	}
	return first(
		func() error { return ledger.waitForShares(map[string]int{"a": 2}) },
		func() error { return listed(true) },
		described,
		func() error { member.Leave(); return nil },
		func() error { return c.DeleteGroup(topic) },
		func() error { return listed(false) },
	)
}

func remove(c Client, topic string) error {
	return first(
		func() error { return create(c, topic, 1) },
		func() error { return c.DeleteTopic(topic) },
		func() error { return waitForTopic(c, topic, 0) },
	)
}
