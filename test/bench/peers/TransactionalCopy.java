import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Kafka's own client, copying keys and values exactly once with large batches and a commit a second, until it is killed.
 * Arguments: brokers, group (also the transactional id), source topic, target topic.
 */
public final class TransactionalCopy {
    private static final long COMMIT_EVERY_MS = 1_000;

    public static void main(String[] args) {
        String brokers = args[0], group = args[1], source = args[2], target = args[3];
        Map<String, Object> reading = new HashMap<>();
        reading.put("bootstrap.servers", brokers);
        reading.put("group.id", group);
        reading.put("auto.offset.reset", "earliest");
        reading.put("enable.auto.commit", false);
        reading.put("isolation.level", "read_committed");
        reading.put("max.poll.records", 5_000);
        reading.put("fetch.min.bytes", 65_536);
        reading.put("fetch.max.wait.ms", 50);
        reading.put("max.partition.fetch.bytes", 4_194_304);
        reading.put("receive.buffer.bytes", 1_048_576);
        Map<String, Object> writing = new HashMap<>();
        writing.put("bootstrap.servers", brokers);
        writing.put("transactional.id", group);
        writing.put("batch.size", 262_144);
        writing.put("linger.ms", 20);
        writing.put("buffer.memory", 134_217_728L);
        writing.put("send.buffer.bytes", 1_048_576);

        try (KafkaConsumer<byte[], byte[]> consumer =
                        new KafkaConsumer<>(reading, new ByteArrayDeserializer(), new ByteArrayDeserializer());
                KafkaProducer<byte[], byte[]> producer =
                        new KafkaProducer<>(writing, new ByteArraySerializer(), new ByteArraySerializer())) {
            producer.initTransactions();
            consumer.subscribe(List.of(source));
            Map<TopicPartition, OffsetAndMetadata> moved = new HashMap<>();
            long committedAt = System.currentTimeMillis();
            while (true) {
                ConsumerRecords<byte[], byte[]> records = consumer.poll(Duration.ofMillis(50));
                if (moved.isEmpty() && !records.isEmpty()) producer.beginTransaction();
                for (TopicPartition partition : records.partitions()) {
                    List<ConsumerRecord<byte[], byte[]>> run = records.records(partition);
                    for (ConsumerRecord<byte[], byte[]> record : run) {
                        producer.send(new ProducerRecord<>(target, partition.partition(), record.timestamp(), record.key(), record.value()));
                    }
                    moved.put(partition, new OffsetAndMetadata(run.get(run.size() - 1).offset() + 1));
                }
                long now = System.currentTimeMillis();
                if (moved.isEmpty() || now - committedAt < COMMIT_EVERY_MS) continue;
                producer.sendOffsetsToTransaction(moved, consumer.groupMetadata());
                producer.commitTransaction();
                moved.clear();
                committedAt = now;
            }
        }
    }

    private TransactionalCopy() {}
}
