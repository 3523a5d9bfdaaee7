import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** kafka-clients, whichever version is on the class path. */
final class Client {
    private final String bootstrap;
    private final Admin admin;

    Client(String bootstrap) {
        this.bootstrap = bootstrap;
        this.admin = Admin.create(Map.of("bootstrap.servers", bootstrap));
    }

    /** What the client's jar says of itself. */
    String version() throws IOException {
        Properties facts = new Properties();
        try (InputStream file = Admin.class.getResourceAsStream("/kafka/kafka-version.properties")) {
            facts.load(file);
        }
        return facts.getProperty("version");
    }

    void createTopic(String topic, int partitions) throws Exception {
        admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1))).all().get();
    }

    /** How many partitions the topic has, 0 if there is no such topic. */
    int partitions(String topic) {
        try {
            TopicDescription description = admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic);
            return description.partitions().size();
        } catch (Exception error) {
            if (error.getCause() instanceof UnknownTopicOrPartitionException) {
                return 0;
            }
            throw new AssertionError(error);
        }
    }

    void deleteTopic(String topic) throws Exception {
        admin.deleteTopics(List.of(topic)).all().get();
    }

    /** Sends the records and returns their offsets in the same order. */
    List<Long> produce(List<ProducerRecord<byte[], byte[]>> records, Map<String, String> settings) throws Exception {
        Map<String, Object> all = new HashMap<>(settings);
        all.put("bootstrap.servers", bootstrap);
        all.putIfAbsent("enable.idempotence", "false");
        try (var producer = new KafkaProducer<>(all, new ByteArraySerializer(), new ByteArraySerializer())) {
            List<Future<RecordMetadata>> sent = new ArrayList<>();
            for (ProducerRecord<byte[], byte[]> record : records) {
                sent.add(producer.send(record));
            }
            List<Long> offsets = new ArrayList<>();
            for (Future<RecordMetadata> future : sent) {
                offsets.add(future.get().offset());
            }
            return offsets;
        }
    }

    /** Records to send in one transaction, and the offset that a group commits with it. */
    record Transaction(List<ProducerRecord<byte[], byte[]>> records, long offset, boolean commits) {}

    /** Carries out the transactions; the transactional id and the group are named as the topic. */
    void transact(String topic, List<Transaction> transactions) throws Exception {
        Map<String, Object> settings = Map.of("bootstrap.servers", bootstrap, "transactional.id", topic);
        try (var producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
            producer.initTransactions();
            for (Transaction transaction : transactions) {
                producer.beginTransaction();
                transaction.records().forEach(producer::send);
                // An abort drops what has not been sent.
                producer.flush();
                producer.sendOffsetsToTransaction(
                    Map.of(new TopicPartition(topic, 0), new OffsetAndMetadata(transaction.offset())),
                    new ConsumerGroupMetadata(topic));
                if (transaction.commits()) {
                    producer.commitTransaction();
                } else {
                    producer.abortTransaction();
                }
            }
        }
    }

    /**
     * Two producers with the topic's name as transactional id: the second one comes while the first one's transaction is
     * open, and commits one of its own. Gives what the first one hears when it commits, or null.
     */
    String takeOver(String topic, List<ProducerRecord<byte[], byte[]>> old, List<ProducerRecord<byte[], byte[]>> renewed) {
        Map<String, Object> settings = Map.of("bootstrap.servers", bootstrap, "transactional.id", topic);
        try (var first = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
             var second = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
            first.initTransactions();
            first.beginTransaction();
            old.forEach(first::send);
            first.flush();
            second.initTransactions();
            String heard = null;
            try {
                first.commitTransaction();
            } catch (KafkaException refused) {
                heard = refused.toString();
            }
            second.beginTransaction();
            renewed.forEach(second::send);
            second.commitTransaction();
            return heard;
        }
    }

    /** Reads `count` records of partition 0 without a group. */
    List<ConsumerRecord<byte[], byte[]>> read(String topic, int count, long start) {
        return read(topic, count, start, "read_uncommitted");
    }

    /** Reads `count` records of partition 0 without a group, at this isolation level. */
    List<ConsumerRecord<byte[], byte[]>> read(String topic, int count, long start, String isolation) {
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(Map.of("isolation.level", isolation))) {
            consumer.assign(List.of(new TopicPartition(topic, 0)));
            consumer.seek(new TopicPartition(topic, 0), start);
            return poll(consumer, count);
        }
    }

    long offsetForTime(String topic, long timestamp) {
        TopicPartition partition = new TopicPartition(topic, 0);
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(Map.of())) {
            return consumer.offsetsForTimes(Map.of(partition, timestamp)).get(partition).offset();
        }
    }

    /** Starts a member of the group that is named as the topic. */
    Member member(Ledger ledger, String topic, String name, Map<String, String> settings) {
        Map<String, Object> all = new HashMap<>(settings);
        all.put("group.id", topic);
        all.put("client.id", name);
        all.putIfAbsent("partition.assignment.strategy", "org.apache.kafka.clients.consumer.RangeAssignor");
        return new Member(consumer(all), ledger, topic, name);
    }

    /** Reads `count` records in a group, commits and leaves. */
    List<ConsumerRecord<byte[], byte[]>> take(String group, String topic, int count) {
        Map<String, Object> settings = Map.of("group.id", group, "max.poll.records", 10);
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(settings)) {
            consumer.subscribe(List.of(topic));
            List<ConsumerRecord<byte[], byte[]>> records = poll(consumer, count);
            consumer.commitSync();
            return records;
        }
    }

    long committed(String group, String topic) throws Exception {
        return admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get()
            .get(new TopicPartition(topic, 0)).offset();
    }

    String config(String topic, String name) {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        try {
            return admin.describeConfigs(List.of(resource)).all().get().get(resource).get(name).value();
        } catch (Exception error) {
            throw new AssertionError(error);
        }
    }

    void alterConfig(String topic, String name, String value) throws Exception {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        AlterConfigOp change = new AlterConfigOp(new ConfigEntry(name, value), AlterConfigOp.OpType.SET);
        admin.incrementalAlterConfigs(Map.of(resource, List.of(change))).all().get();
    }

    @SuppressWarnings("removal") // The newer call is not in 3.9.
    List<String> groups() throws Exception {
        return admin.listConsumerGroups().all().get().stream().map(group -> group.groupId()).toList();
    }

    /** The group's assignor, which only a settled group has, then the client ids of its members. */
    List<String> describeGroup(String group) throws Exception {
        ConsumerGroupDescription description =
            admin.describeConsumerGroups(List.of(group)).describedGroups().get(group).get();
        List<String> facts = new ArrayList<>(List.of(description.partitionAssignor()));
        description.members().forEach(member -> facts.add(member.clientId()));
        return facts;
    }

    void deleteGroup(String group) throws Exception {
        admin.deleteConsumerGroups(List.of(group)).all().get();
    }

    private KafkaConsumer<byte[], byte[]> consumer(Map<String, Object> settings) {
        Map<String, Object> all = new HashMap<>(Map.of(
            "bootstrap.servers", bootstrap,
            "auto.offset.reset", "earliest",
            "enable.auto.commit", "false",
            "session.timeout.ms", "6000",
            "heartbeat.interval.ms", "300"));
        all.putAll(settings);
        return new KafkaConsumer<>(all, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    private static List<ConsumerRecord<byte[], byte[]>> poll(KafkaConsumer<byte[], byte[]> consumer, int count) {
        List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
        Scenarios.waitUntil(() -> {
            consumer.poll(Duration.ofMillis(200)).forEach(records::add);
            return records.size() >= count;
        }, () -> count + " records, got " + records.size());
        return records.subList(0, count);
    }
}
