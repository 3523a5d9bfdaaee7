// sarama.
package main

import (
	"errors"
	"io"
	"log"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/IBM/sarama"

	"ottla/conformance/suite"
)

type client struct {
	admin sarama.ClusterAdmin
}

var brokers = []string{os.Getenv("BOOTSTRAP")}

func settings() *sarama.Config {
	config := sarama.NewConfig()
	config.Version = sarama.MaxVersion
	config.Consumer.MaxWaitTime = 100 * time.Millisecond
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	config.Consumer.Offsets.AutoCommit.Enable = false
	config.Consumer.Group.Session.Timeout = 6 * time.Second
	config.Consumer.Group.Heartbeat.Interval = 300 * time.Millisecond
	config.Producer.Return.Successes = true
	config.Producer.Partitioner = sarama.NewManualPartitioner
	return config
}

func (client) Version() string {
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		if module.Path == "github.com/IBM/sarama" {
			return strings.TrimPrefix(module.Version, "v")
		}
	}
	return "unknown"
}

func (c client) CreateTopic(topic string, partitions int32) error {
	return c.admin.CreateTopic(topic, &sarama.TopicDetail{NumPartitions: partitions, ReplicationFactor: 1}, false)
}

func (c client) Topics() (map[string]int, error) {
	details, err := c.admin.ListTopics()
	topics := map[string]int{}
	for name, detail := range details {
		topics[name] = int(detail.NumPartitions)
	}
	return topics, err
}

func (c client) DeleteTopic(topic string) error { return c.admin.DeleteTopic(topic) }

var codecs = map[string]sarama.CompressionCodec{
	"gzip": sarama.CompressionGZIP, "snappy": sarama.CompressionSnappy,
	"lz4": sarama.CompressionLZ4, "zstd": sarama.CompressionZSTD,
}

func encoder(bytes []byte) sarama.Encoder {
	if bytes == nil {
		return nil
	}
	return sarama.ByteEncoder(bytes)
}

func (client) Produce(topic string, records []suite.Record, options suite.ProduceOptions) ([]int64, error) {
	config := settings()
	config.Producer.Compression = codecs[options.Compression]
	if options.Idempotent {
		config.Producer.Idempotent = true
		config.Producer.RequiredAcks = sarama.WaitForAll
		config.Net.MaxOpenRequests = 1
		config.Producer.Flush.MaxMessages = 50
	}
	producer, err := sarama.NewSyncProducer(brokers, config)
	if err != nil {
		return nil, err
	}
	defer producer.Close()
	messages := make([]*sarama.ProducerMessage, len(records))
	for n, record := range records {
		messages[n] = &sarama.ProducerMessage{
			Topic: topic, Partition: record.Partition, Key: encoder(record.Key), Value: encoder(record.Value),
		}
		for _, header := range record.Headers {
			sent := sarama.RecordHeader{Key: []byte(header.Key), Value: header.Value}
			messages[n].Headers = append(messages[n].Headers, sent)
		}
		if record.Timestamp != 0 {
			messages[n].Timestamp = time.UnixMilli(record.Timestamp)
		}
	}
	err = producer.SendMessages(messages)
	offsets := make([]int64, len(messages))
	for n, message := range messages {
		offsets[n] = message.Offset
	}
	return offsets, err
}

func convert(message *sarama.ConsumerMessage) suite.Record {
	record := suite.Record{
		Offset: message.Offset, Timestamp: message.Timestamp.UnixMilli(), Partition: message.Partition,
		Key: message.Key, Value: message.Value,
	}
	for _, header := range message.Headers {
		record.Headers = append(record.Headers, suite.Header{Key: string(header.Key), Value: header.Value})
	}
	return record
}

func (client) Transact(group, topic string, transactions []suite.Transaction) error {
	producer, err := sarama.NewSyncProducer(brokers, transactional(topic))
	if err != nil {
		return err
	}
	defer producer.Close()
	for _, transaction := range transactions {
		if err := producer.BeginTxn(); err != nil {
			return err
		}
		if err := producer.SendMessages(messages(topic, transaction.Records)); err != nil {
			return err
		}
		offset := &sarama.PartitionOffsetMetadata{Partition: 0, Offset: transaction.Offset}
		offsets := map[string][]*sarama.PartitionOffsetMetadata{topic: {offset}}
		if err := producer.AddOffsetsToTxn(offsets, group); err != nil {
			return err
		}
		end := producer.AbortTxn
		if transaction.Commits {
			end = producer.CommitTxn
		}
		if err := end(); err != nil {
			return err
		}
	}
	return nil
}

func (client) TakeOver(topic string, old, renewed []suite.Record) (heard, failure error) {
	begin := func(records []suite.Record) (sarama.SyncProducer, error) {
		producer, err := sarama.NewSyncProducer(brokers, transactional(topic))
		if err != nil {
			return nil, err
		}
		if err := producer.BeginTxn(); err != nil {
			return producer, err
		}
		return producer, producer.SendMessages(messages(topic, records))
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
	heard = first.CommitTxn()
	return heard, second.CommitTxn()
}

func transactional(topic string) *sarama.Config {
	config := settings()
	config.Producer.Idempotent = true
	config.Producer.RequiredAcks = sarama.WaitForAll
	config.Producer.Transaction.ID = topic
	config.Net.MaxOpenRequests = 1
	return config
}

func messages(topic string, records []suite.Record) []*sarama.ProducerMessage {
	var messages []*sarama.ProducerMessage
	for _, record := range records {
		messages = append(messages, &sarama.ProducerMessage{
			Topic: topic, Partition: record.Partition, Value: encoder(record.Value),
		})
	}
	return messages
}

func (client) ReadIsolated(topic string, count int, isolation suite.Isolation) ([]suite.Record, error) {
	config := settings()
	if isolation == suite.ReadCommitted {
		config.Consumer.IsolationLevel = sarama.ReadCommitted
	}
	return read(config, topic, count, 0)
}

func (client) Read(topic string, count int, start int64) ([]suite.Record, error) {
	return read(settings(), topic, count, start)
}

func read(config *sarama.Config, topic string, count int, start int64) ([]suite.Record, error) {
	consumer, err := sarama.NewConsumer(brokers, config)
	if err != nil {
		return nil, err
	}
	defer consumer.Close()
	partition, err := consumer.ConsumePartition(topic, 0, start)
	if err != nil {
		return nil, err
	}
	defer partition.Close()
	return collect(partition.Messages(), count)
}

func collect(messages <-chan *sarama.ConsumerMessage, count int) ([]suite.Record, error) {
	var records []suite.Record
	timeout := time.After(20 * time.Second)
	for len(records) < count {
		select {
		case message := <-messages:
			records = append(records, convert(message))
		case <-timeout:
			return records, errors.New("the records did not come")
		}
	}
	return records, nil
}

func (c client) OffsetForTime(topic string, timestamp int64) (int64, error) {
	connection, err := sarama.NewClient(brokers, settings())
	if err != nil {
		return 0, err
	}
	defer connection.Close()
	return connection.GetOffset(topic, 0, timestamp)
}

func (client) Join(ledger *suite.Ledger, options suite.MemberOptions) (suite.Member, error) {
	config := settings()
	config.ClientID = options.Name
	config.Consumer.Group.InstanceId = options.Instance
	strategy := sarama.NewBalanceStrategyRange()
	if options.Cooperative {
		strategy = sarama.NewBalanceStrategyCooperativeSticky()
	}
	config.Consumer.Group.Rebalance.GroupStrategies = []sarama.BalanceStrategy{strategy}
	return join(config, options.Group, options.Topic, &handler{ledger: ledger, name: options.Name})
}

func (client) Take(group, topic string, count int) ([]suite.Record, error) {
	taker := &taker{messages: make(chan *sarama.ConsumerMessage), taken: make(chan struct{})}
	member, err := join(settings(), group, topic, taker)
	if err != nil {
		return nil, err
	}
	defer member.Leave()
	records, err := collect(taker.messages, count)
	close(taker.taken)
	return records, err
}

func (c client) Committed(group, topic string) (int64, error) {
	response, err := c.admin.ListConsumerGroupOffsets(group, map[string][]int32{topic: {0}})
	if err != nil {
		return 0, err
	}
	return response.GetBlock(topic, 0).Offset, nil
}

func (c client) Config(topic, name string) (string, error) {
	entries, err := c.admin.DescribeConfig(sarama.ConfigResource{
		Type: sarama.TopicResource, Name: topic, ConfigNames: []string{name},
	})
	if err != nil {
		return "", err
	}
	return entries[0].Value, nil
}

func (c client) AlterConfig(topic, name, value string) error {
	changes := map[string]sarama.IncrementalAlterConfigsEntry{
		name: {Operation: sarama.IncrementalAlterConfigsOperationSet, Value: &value},
	}
	return c.admin.IncrementalAlterConfig(sarama.TopicResource, topic, changes, false)
}

func (c client) Groups() ([]string, error) {
	listed, err := c.admin.ListConsumerGroups()
	groups := []string{}
	for group := range listed {
		groups = append(groups, group)
	}
	return groups, err
}

func (c client) DescribeGroup(group string) ([]string, error) {
	described, err := c.admin.DescribeConsumerGroups([]string{group})
	if err != nil {
		return nil, err
	}
	facts := []string{described[0].State}
	for _, member := range described[0].Members {
		facts = append(facts, member.ClientId)
	}
	return facts, nil
}

func (c client) DeleteGroup(group string) error { return c.admin.DeleteConsumerGroup(group) }

func main() {
	sarama.Logger = log.New(io.Discard, "", 0)
	admin, err := sarama.NewClusterAdmin(brokers, settings())
	if err != nil {
		panic(err)
	}
	suite.Run(client{admin})
}
