// franz-go.
package main

import (
	"context"
	"errors"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"ottla/conformance/suite"
)

type franz struct {
	admin *kadm.Client
}

func client(options ...kgo.Opt) (*kgo.Client, error) {
	common := []kgo.Opt{
		kgo.SeedBrokers(os.Getenv("BOOTSTRAP")),
		kgo.FetchMaxWait(100 * time.Millisecond),
		kgo.MetadataMinAge(50 * time.Millisecond),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
	}
	return kgo.NewClient(append(common, options...)...)
}

func groupClient(group, topic string, options ...kgo.Opt) (*kgo.Client, error) {
	common := []kgo.Opt{
		kgo.ConsumerGroup(group),
		kgo.ConsumeTopics(topic),
		kgo.SessionTimeout(6 * time.Second),
		kgo.HeartbeatInterval(300 * time.Millisecond),
		kgo.DisableAutoCommit(),
	}
	return client(append(common, options...)...)
}

func deadline() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), 20*time.Second)
}

func (franz) Version() string {
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		if module.Path == "github.com/twmb/franz-go" {
			return strings.TrimPrefix(module.Version, "v")
		}
	}
	return "unknown"
}

func (f franz) CreateTopic(topic string, partitions int32) error {
	ctx, cancel := deadline()
	defer cancel()
	_, err := f.admin.CreateTopic(ctx, partitions, 1, nil, topic)
	return err
}

func (f franz) Topics() (map[string]int, error) {
	ctx, cancel := deadline()
	defer cancel()
	details, err := f.admin.ListTopics(ctx)
	topics := map[string]int{}
	for name, detail := range details {
		topics[name] = len(detail.Partitions)
	}
	return topics, err
}

func (f franz) DeleteTopic(topic string) error {
	ctx, cancel := deadline()
	defer cancel()
	_, err := f.admin.DeleteTopic(ctx, topic)
	return err
}

var codecs = map[string]kgo.CompressionCodec{
	"gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
	"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
}

func (franz) Produce(topic string, records []suite.Record, options suite.ProduceOptions) ([]int64, error) {
	codec, compressed := codecs[options.Compression]
	if !compressed {
		codec = kgo.NoCompression()
	}
	settings := []kgo.Opt{
		kgo.ProducerBatchCompression(codec),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerBatchMaxBytes(10_000),
	}
	if !options.Idempotent {
		settings = append(settings, kgo.DisableIdempotentWrite())
	}
	producer, err := client(settings...)
	if err != nil {
		return nil, err
	}
	defer producer.Close()
	sent := make([]*kgo.Record, len(records))
	for n, record := range records {
		sent[n] = &kgo.Record{Topic: topic, Partition: record.Partition, Key: record.Key, Value: record.Value}
		for _, header := range record.Headers {
			sent[n].Headers = append(sent[n].Headers, kgo.RecordHeader{Key: header.Key, Value: header.Value})
		}
		if record.Timestamp != 0 {
			sent[n].Timestamp = time.UnixMilli(record.Timestamp)
		}
	}
	ctx, cancel := deadline()
	defer cancel()
	err = producer.ProduceSync(ctx, sent...).FirstErr()
	offsets := make([]int64, len(sent))
	for n, record := range sent {
		offsets[n] = record.Offset
	}
	return offsets, err
}

func poll(consumer *kgo.Client, count int) ([]suite.Record, error) {
	ctx, cancel := deadline()
	defer cancel()
	var records []suite.Record
	for len(records) < count {
		fetches := consumer.PollRecords(ctx, count-len(records))
		if err := fetches.Err(); err != nil {
			return records, err
		}
		fetches.EachRecord(func(r *kgo.Record) { records = append(records, convert(r)) })
	}
	return records, nil
}

func convert(r *kgo.Record) suite.Record {
	record := suite.Record{
		Offset: r.Offset, Timestamp: r.Timestamp.UnixMilli(), Partition: r.Partition, Key: r.Key, Value: r.Value,
	}
	for _, header := range r.Headers {
		record.Headers = append(record.Headers, suite.Header{Key: header.Key, Value: header.Value})
	}
	return record
}

func (franz) Read(topic string, count int, start int64) ([]suite.Record, error) {
	consumer, err := client(kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().At(start)}}))
	if err != nil {
		return nil, err
	}
	defer consumer.Close()
	return poll(consumer, count)
}

func (franz) ReadIsolated(topic string, count int, isolation suite.Isolation) ([]suite.Record, error) {
	level := kgo.ReadUncommitted()
	if isolation == suite.ReadCommitted {
		level = kgo.ReadCommitted()
	}
	from := map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().At(0)}}
	consumer, err := client(kgo.ConsumePartitions(from), kgo.FetchIsolationLevel(level))
	if err != nil {
		return nil, err
	}
	defer consumer.Close()
	return poll(consumer, count)
}

// Transact sends the offsets itself: the client only commits those of its own session.
func (f franz) Transact(group, topic string, transactions []suite.Transaction) error {
	producer, err := client(kgo.TransactionalID(topic), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		return err
	}
	defer producer.Close()
	ctx, cancel := deadline()
	defer cancel()
	for _, transaction := range transactions {
		if err := producer.BeginTransaction(); err != nil {
			return err
		}
		var sent []*kgo.Record
		for _, record := range transaction.Records {
			sent = append(sent, &kgo.Record{Topic: topic, Partition: record.Partition, Value: record.Value})
		}
		if err := producer.ProduceSync(ctx, sent...).FirstErr(); err != nil {
			return err
		}
		if err := f.sendOffset(ctx, producer, group, topic, transaction.Offset); err != nil {
			return err
		}
		end := kgo.TryAbort
		if transaction.Commits {
			end = kgo.TryCommit
		}
		if err := producer.EndTransaction(ctx, end); err != nil {
			return err
		}
	}
	return nil
}

func (franz) TakeOver(topic string, old, renewed []suite.Record) (heard, failure error) {
	ctx, cancel := deadline()
	defer cancel()
	begin := func(records []suite.Record) (*kgo.Client, error) {
		producer, err := client(kgo.TransactionalID(topic), kgo.RecordPartitioner(kgo.ManualPartitioner()))
		if err != nil {
			return nil, err
		}
		if err := producer.BeginTransaction(); err != nil {
			return producer, err
		}
		var sent []*kgo.Record
		for _, record := range records {
			sent = append(sent, &kgo.Record{Topic: topic, Partition: record.Partition, Value: record.Value})
		}
		return producer, producer.ProduceSync(ctx, sent...).FirstErr()
	}
	first, err := begin(old)
	if err != nil {
		return nil, err
	}
	defer first.Close()
	second, err := begin(renewed)
	if err != nil {
		return nil, err
	}
	defer second.Close()
	heard = first.EndTransaction(ctx, kgo.TryCommit)
	return heard, second.EndTransaction(ctx, kgo.TryCommit)
}

func (f franz) sendOffset(ctx context.Context, producer *kgo.Client, group, topic string, offset int64) error {
	id, epoch, err := producer.ProducerID(ctx)
	if err != nil {
		return err
	}
	add := kmsg.NewAddOffsetsToTxnRequest()
	add.TransactionalID, add.ProducerID, add.ProducerEpoch, add.Group = topic, id, epoch, group
	added, err := add.RequestWith(ctx, producer)
	if err = errors.Join(err, kerr.ErrorForCode(codeOf(added))); err != nil {
		return err
	}
	topics, err := f.admin.ListTopics(ctx, topic)
	if err != nil {
		return err
	}
	partition := kmsg.NewTxnOffsetCommitRequestTopicPartition()
	partition.Offset = offset
	of := kmsg.NewTxnOffsetCommitRequestTopic()
	of.Topic, of.TopicID, of.Partitions = topic, topics[topic].ID, []kmsg.TxnOffsetCommitRequestTopicPartition{partition}
	commit := kmsg.NewTxnOffsetCommitRequest()
	commit.TransactionalID, commit.ProducerID, commit.ProducerEpoch, commit.Group = topic, id, epoch, group
	commit.Topics = []kmsg.TxnOffsetCommitRequestTopic{of}
	committed, err := commit.RequestWith(ctx, producer)
	if err != nil {
		return err
	}
	return kerr.ErrorForCode(committed.Topics[0].Partitions[0].ErrorCode)
}

func codeOf(response *kmsg.AddOffsetsToTxnResponse) int16 {
	if response == nil {
		return 0
	}
	return response.ErrorCode
}

func (f franz) OffsetForTime(topic string, timestamp int64) (int64, error) {
	ctx, cancel := deadline()
	defer cancel()
	offsets, err := f.admin.ListOffsetsAfterMilli(ctx, timestamp, topic)
	if err != nil {
		return 0, err
	}
	offset, _ := offsets.Lookup(topic, 0)
	return offset.Offset, offset.Err
}

type member struct {
	consumer    *kgo.Client
	assignments atomic.Int32
	stop        context.CancelFunc
	done        sync.WaitGroup
}

func (m *member) Assignments() int { return int(m.assignments.Load()) }

func (m *member) Leave() {
	m.stop()
	m.done.Wait()
	m.consumer.CloseAllowingRebalance()
}

func (franz) Join(ledger *suite.Ledger, options suite.MemberOptions) (suite.Member, error) {
	m := &member{}
	revoked := func(_ context.Context, _ *kgo.Client, lost map[string][]int32) {
		ledger.Revoked(options.Name, lost[options.Topic])
	}
	settings := []kgo.Opt{
		kgo.ClientID(options.Name),
		kgo.BlockRebalanceOnPoll(),
		kgo.Balancers(kgo.RangeBalancer()),
		kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, got map[string][]int32) {
			m.assignments.Add(1)
			ledger.Assigned(options.Name, got[options.Topic])
		}),
		kgo.OnPartitionsRevoked(revoked),
		kgo.OnPartitionsLost(revoked),
	}
	if options.Cooperative {
		settings = append(settings, kgo.Balancers(kgo.CooperativeStickyBalancer()))
	}
	if options.Instance != "" {
		settings = append(settings, kgo.InstanceID(options.Instance))
	}
	consumer, err := groupClient(options.Group, options.Topic, settings...)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	m.consumer, m.stop = consumer, stop
	m.done.Go(func() {
		for ctx.Err() == nil {
			fetches := consumer.PollFetches(ctx)
			fetches.EachRecord(func(r *kgo.Record) { ledger.Record(options.Name, r.Partition, string(r.Value)) })
			if !fetches.Empty() {
				_ = consumer.CommitUncommittedOffsets(context.Background())
			}
			consumer.AllowRebalance()
		}
	})
	return m, nil
}

func (franz) Take(group, topic string, count int) ([]suite.Record, error) {
	consumer, err := groupClient(group, topic)
	if err != nil {
		return nil, err
	}
	defer consumer.Close()
	records, err := poll(consumer, count)
	if err != nil {
		return records, err
	}
	ctx, cancel := deadline()
	defer cancel()
	return records, consumer.CommitUncommittedOffsets(ctx)
}

func (f franz) Committed(group, topic string) (int64, error) {
	ctx, cancel := deadline()
	defer cancel()
	offsets, err := f.admin.FetchOffsets(ctx, group)
	if err != nil {
		return 0, err
	}
	offset, found := offsets.Lookup(topic, 0)
	if !found {
		return 0, errors.New("no offset was committed")
	}
	return offset.At, offset.Err
}

func (f franz) Config(topic, name string) (string, error) {
	ctx, cancel := deadline()
	defer cancel()
	configs, err := f.admin.DescribeTopicConfigs(ctx, topic)
	if err != nil {
		return "", err
	}
	for _, config := range configs[0].Configs {
		if config.Key == name {
			return config.MaybeValue(), configs[0].Err
		}
	}
	return "", errors.Join(errors.New("no such config"), configs[0].Err)
}

func (f franz) AlterConfig(topic, name, value string) error {
	ctx, cancel := deadline()
	defer cancel()
	responses, err := f.admin.AlterTopicConfigs(ctx, []kadm.AlterConfig{{Op: kadm.SetConfig, Name: name, Value: &value}}, topic)
	if err != nil {
		return err
	}
	return responses[0].Err
}

func (f franz) Groups() ([]string, error) {
	ctx, cancel := deadline()
	defer cancel()
	groups, err := f.admin.ListGroups(ctx)
	return groups.Groups(), err
}

func (f franz) DescribeGroup(group string) ([]string, error) {
	ctx, cancel := deadline()
	defer cancel()
	groups, err := f.admin.DescribeGroups(ctx, group)
	if err != nil {
		return nil, err
	}
	facts := []string{groups[group].State}
	for _, member := range groups[group].Members {
		facts = append(facts, member.ClientID)
	}
	return facts, groups[group].Err
}

func (f franz) DeleteGroup(group string) error {
	ctx, cancel := deadline()
	defer cancel()
	_, err := f.admin.DeleteGroup(ctx, group)
	return err
}

func main() {
	connection, err := client()
	if err != nil {
		panic(err)
	}
	suite.Run(franz{kadm.NewClient(connection)})
}
