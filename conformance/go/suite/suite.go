// Package suite says what every Go client is asked to do, in terms of an adapter that each client's program gives.
package suite

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"
)

const waitAtMost = 20 * time.Second

// ErrNotApplicable wraps the reason why a client has no such feature.
var ErrNotApplicable = errors.New("does not apply")

// Header is one header of a record; a nil value is null.
type Header struct {
	Key   string
	Value []byte
}

// Record is a record that is sent or was read; a nil key or value is null.
type Record struct {
	Offset    int64
	Timestamp int64
	Partition int32
	Key       []byte
	Value     []byte
	Headers   []Header
}

// Member is a member of a group.
type Member interface {
	// Assignments is how often it was told its partitions.
	Assignments() int
	Leave()
}

// MemberOptions says what kind of member is wanted.
type MemberOptions struct {
	Group, Topic, Name, Instance string
	Cooperative                  bool
}

// ProduceOptions says how records are sent.
type ProduceOptions struct {
	Compression string
	Idempotent  bool
}

// Transaction is what is sent in one transaction, and the offset that a group commits with it.
type Transaction struct {
	Records []Record
	Offset  int64
	Commits bool
}

// Isolation says which records of transactions are read.
type Isolation int

// The two there are.
const (
	ReadUncommitted Isolation = iota
	ReadCommitted
)

// Client is what a client's program gives.
type Client interface {
	Version() string
	CreateTopic(topic string, partitions int32) error
	// Topics gives the number of partitions by topic.
	Topics() (map[string]int, error)
	DeleteTopic(topic string) error
	// Produce gives the offsets in the order of the records.
	Produce(topic string, records []Record, options ProduceOptions) ([]int64, error)
	// Read reads records of partition 0 without a group.
	Read(topic string, count int, start int64) ([]Record, error)
	// ReadIsolated reads partition 0 from its start.
	ReadIsolated(topic string, count int, isolation Isolation) ([]Record, error)
	// Transact carries out the transactions; the transactional id is the topic's name.
	Transact(group, topic string, transactions []Transaction) error
	// TakeOver has two producers with the topic's name as transactional id: the second one comes while the first one's
	// transaction is open, and commits one of its own. It gives what the first one hears when it commits.
	TakeOver(topic string, old, renewed []Record) (heard, failure error)
	OffsetForTime(topic string, timestamp int64) (int64, error)
	Join(ledger *Ledger, options MemberOptions) (Member, error)
	// Take reads records in a group, commits and leaves.
	Take(group, topic string, count int) ([]Record, error)
	Committed(group, topic string) (int64, error)
	Config(topic, name string) (string, error)
	AlterConfig(topic, name, value string) error
	Groups() ([]string, error)
	// DescribeGroup gives the state, then the client ids of the members.
	DescribeGroup(group string) ([]string, error)
	DeleteGroup(group string) error
}

type report struct {
	Feature string `json:"feature"`
	OK      *bool  `json:"ok"`
	Note    string `json:"note"`
}

// Run asks the client for every feature and prints one JSON line for each.
func Run(client Client) {
	print(map[string]string{"version": client.Version()})
	wanted := strings.FieldsFunc(os.Getenv("FEATURES"), func(r rune) bool { return r == ',' })
	for _, check := range checks {
		if len(wanted) > 0 && !slices.Contains(wanted, check.feature) {
			continue
		}
		err := check.run(client, os.Getenv("PREFIX")+"-"+check.feature)
		ok, note := err == nil, ""
		if err != nil {
			note = strings.Join(strings.Fields(err.Error()), " ")
		}
		if errors.Is(err, ErrNotApplicable) {
			print(report{check.feature, nil, strings.TrimPrefix(note, ErrNotApplicable.Error()+": ")})
		} else {
			print(report{check.feature, &ok, note})
		}
	}
}

func print(value any) {
	line, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(line))
}

func equal(got, wanted any, what string) error {
	if reflect.DeepEqual(got, wanted) {
		return nil
	}
	return fmt.Errorf("%s: got %.300s, wanted %.300s", what, fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", wanted))
}

func waitUntil(condition func() bool, what func() string) error {
	deadline := time.Now().Add(waitAtMost)
	for !condition() {
		if time.Now().After(deadline) {
			return fmt.Errorf("waited %v for %s", waitAtMost, what())
		}
		time.Sleep(20 * time.Millisecond)
	}
	return nil
}

// first is the first error there is.
func first(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}
