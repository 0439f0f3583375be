import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.io.SerializedString;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * A client that is not ours: Apache Kafka's own, moving raw bytes. It proves what others see and shares no code with
 * what it checks.
 *
 *   Foreign produce BOOTSTRAP COMPRESSION [TRANSACTIONAL_ID commit|abort]
 *                                                               records as NDJSON on stdin, their offsets on stdout
 *   Foreign dump BOOTSTRAP ISOLATION TOPIC...                   records as NDJSON on stdout, up to where the topics end
 *   Foreign features BOOTSTRAP                                  the cluster's finalised features, one JSON object
 *
 * Keys, values and header values are base64, or null.
 */
public final class Foreign {
  private static final JsonFactory JSON = new ObjectMapper().getFactory();
  private static final int UNACKNOWLEDGED = 20_000;

  public static void main(String[] args) throws Exception {
    if (args.length >= 3 && args[0].equals("produce")) {
      produce(args[1], args[2], args.length >= 5 ? args[3] : null, args.length >= 5 && args[4].equals("commit"));
    } else if (args.length >= 4 && args[0].equals("dump")) {
      dump(args[1], args[2], List.of(args).subList(3, args.length));
    } else if (args.length == 2 && args[0].equals("features")) {
      features(args[1]);
    } else {
      System.err.println("usage: produce BOOTSTRAP COMPRESSION [TRANSACTIONAL_ID commit|abort] | dump BOOTSTRAP ISOLATION TOPIC... | features BOOTSTRAP");
      System.exit(2);
    }
  }

  /** NDJSON on stdout. Not through System.out, which would go on in silence when the reader is gone. */
  private static JsonGenerator lines() throws IOException {
    JsonGenerator out = JSON.createGenerator(new FileOutputStream(FileDescriptor.out));
    out.setRootValueSeparator(new SerializedString("\n"));
    return out;
  }

  private static void produce(String bootstrap, String compression, String transactionalId, boolean commit) throws Exception {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", bootstrap);
    settings.put("acks", "all");
    settings.put("compression.type", compression);
    settings.put("linger.ms", "5");
    settings.put("batch.size", "131072");
    settings.put("max.block.ms", "30000");
    if (transactionalId != null) settings.put("transactional.id", transactionalId);

    ByteArraySerializer bytes = new ByteArraySerializer();
    try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(settings, bytes, bytes);
        JsonGenerator out = lines()) {
      if (transactionalId != null) {
        producer.initTransactions();
        producer.beginTransaction();
      }
      ObjectMapper mapper = new ObjectMapper();
      Queue<Future<RecordMetadata>> sent = new ArrayDeque<>();
      BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        if (!line.isBlank()) sent.add(producer.send(record(mapper.readTree(line))));
        if (sent.size() >= UNACKNOWLEDGED) writeOffset(out, sent.remove().get());
      }
      producer.flush();
      while (!sent.isEmpty()) writeOffset(out, sent.remove().get());
      if (transactionalId != null) {
        if (commit) producer.commitTransaction();
        else producer.abortTransaction();
      }
    }
  }

  private static ProducerRecord<byte[], byte[]> record(JsonNode node) throws IOException {
    RecordHeaders headers = new RecordHeaders();
    for (JsonNode header : node.path("headers")) headers.add(header.get(0).textValue(), bytes(header.get(1)));
    return new ProducerRecord<>(
        node.get("topic").textValue(),
        node.hasNonNull("partition") ? Integer.valueOf(node.get("partition").intValue()) : null,
        node.hasNonNull("timestamp") ? Long.valueOf(node.get("timestamp").longValue()) : null,
        bytes(node.get("key")),
        bytes(node.get("value")),
        headers);
  }

  private static byte[] bytes(JsonNode base64) throws IOException {
    return base64 == null || base64.isNull() ? null : base64.binaryValue();
  }

  private static void writeOffset(JsonGenerator out, RecordMetadata written) throws IOException {
    out.writeStartObject();
    out.writeStringField("topic", written.topic());
    out.writeNumberField("partition", written.partition());
    out.writeNumberField("offset", written.offset());
    out.writeEndObject();
  }

  private static void dump(String bootstrap, String isolation, List<String> topics) throws Exception {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", bootstrap);
    settings.put("isolation.level", isolation);
    settings.put("enable.auto.commit", "false");
    settings.put("auto.offset.reset", "none");
    settings.put("allow.auto.create.topics", "false");
    settings.put("max.poll.records", "10000");
    settings.put("fetch.max.wait.ms", "100");

    ByteArrayDeserializer bytes = new ByteArrayDeserializer();
    try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(settings, bytes, bytes);
        JsonGenerator out = lines()) {
      List<TopicPartition> partitions = new ArrayList<>();
      for (String topic : topics) {
        var found = consumer.partitionsFor(topic);
        if (found == null || found.isEmpty()) throw new IllegalArgumentException("no such topic: " + topic);
        found.forEach(p -> partitions.add(new TopicPartition(topic, p.partition())));
      }
      consumer.assign(partitions);
      // With read_committed these are the last stable offsets, so that what is read is settled.
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      consumer.beginningOffsets(partitions).forEach(consumer::seek);
      Set<TopicPartition> left = new HashSet<>(partitions);
      settle(consumer, left, ends);
      while (!left.isEmpty()) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
          long end = ends.get(new TopicPartition(record.topic(), record.partition()));
          if (record.offset() < end) writeRecord(out, record);
        }
        settle(consumer, left, ends);
      }
    }
  }

  /** By position and not by records: control records and aborted batches move it without showing. */
  private static void settle(
      KafkaConsumer<byte[], byte[]> consumer, Set<TopicPartition> left, Map<TopicPartition, Long> ends) {
    Set<TopicPartition> done = new HashSet<>();
    for (TopicPartition partition : left) {
      if (consumer.position(partition) >= ends.get(partition)) done.add(partition);
    }
    consumer.pause(done);
    left.removeAll(done);
  }

  private static void writeRecord(JsonGenerator out, ConsumerRecord<byte[], byte[]> record) throws IOException {
    out.writeStartObject();
    out.writeStringField("topic", record.topic());
    out.writeNumberField("partition", record.partition());
    out.writeNumberField("offset", record.offset());
    out.writeNumberField("timestamp", record.timestamp());
    out.writeStringField("timestampType", record.timestampType().toString());
    writeBytes(out, "key", record.key());
    writeBytes(out, "value", record.value());
    out.writeArrayFieldStart("headers");
    for (Header header : record.headers()) {
      out.writeStartArray();
      out.writeString(header.key());
      if (header.value() == null) out.writeNull();
      else out.writeString(Base64.getEncoder().encodeToString(header.value()));
      out.writeEndArray();
    }
    out.writeEndArray();
    out.writeEndObject();
  }

  private static void features(String bootstrap) throws Exception {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", bootstrap);
    try (Admin admin = Admin.create(settings);
        JsonGenerator out = lines()) {
      out.writeStartObject();
      for (var feature : admin.describeFeatures().featureMetadata().get().finalizedFeatures().entrySet()) {
        out.writeNumberField(feature.getKey(), feature.getValue().maxVersionLevel());
      }
      out.writeEndObject();
    }
  }

  private static void writeBytes(JsonGenerator out, String name, byte[] value) throws IOException {
    if (value == null) out.writeNullField(name);
    else out.writeStringField(name, Base64.getEncoder().encodeToString(value));
  }
}
