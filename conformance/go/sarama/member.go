package main

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/IBM/sarama"

	"ottla/conformance/suite"
)

// claims is a handler that counts the partitions it was given.
type claims interface {
	sarama.ConsumerGroupHandler
	count() int
}

type member struct {
	group sarama.ConsumerGroup
	stop  context.CancelFunc
	done  sync.WaitGroup
	claims
}

// join starts a member that joins again after each eager rebalance, as this client wants it.
func join(config *sarama.Config, group, topic string, handler claims) (*member, error) {
	consumer, err := sarama.NewConsumerGroup(brokers, group, config)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	m := &member{group: consumer, stop: stop, claims: handler}
	m.done.Go(func() {
		for ctx.Err() == nil {
			_ = consumer.Consume(ctx, []string{topic}, handler)
		}
	})
	return m, nil
}

func (m *member) Assignments() int { return m.count() }

func (m *member) Leave() {
	m.stop()
	m.done.Wait()
	_ = m.group.Close()
}

// handler records what it is given and commits what it processed.
type handler struct {
	ledger *suite.Ledger
	name   string
	given  atomic.Int32
}

func (h *handler) count() int                                { return int(h.given.Load()) }
func (h *handler) Setup(sarama.ConsumerGroupSession) error   { return nil }
func (h *handler) Cleanup(sarama.ConsumerGroupSession) error { return nil }

func (h *handler) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	partition := []int32{claim.Partition()}
	h.given.Add(1)
	h.ledger.Assigned(h.name, partition)
	defer h.ledger.Revoked(h.name, partition)
	for {
		select {
		case message, open := <-claim.Messages():
			if !open {
				return nil
			}
			h.ledger.Record(h.name, message.Partition, string(message.Value))
			session.MarkMessage(message, "")
			if len(claim.Messages()) == 0 {
				session.Commit()
			}
		case <-session.Context().Done():
			return nil
		}
	}
}

// taker hands messages on one by one and in the end commits what was taken.
type taker struct {
	messages chan *sarama.ConsumerMessage
	taken    chan struct{}
}

func (t *taker) count() int                                { return 0 }
func (t *taker) Setup(sarama.ConsumerGroupSession) error   { return nil }
func (t *taker) Cleanup(sarama.ConsumerGroupSession) error { return nil }

func (t *taker) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	defer session.Commit()
	for message := range claim.Messages() {
		select {
		case t.messages <- message:
			session.MarkMessage(message, "")
		case <-t.taken:
			return nil
		}
	}
	return nil
}
