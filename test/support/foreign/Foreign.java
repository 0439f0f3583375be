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
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
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
 *   Foreign follow BOOTSTRAP ISOLATION TOPIC...                 the same, going on until stdin ends and then to the ends
 *   Foreign move BOOTSTRAP TOPIC                                each partition gets another leader; then its node id
 *                                                               before and now for each, one JSON object
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
      dump(args[1], args[2], List.of(args).subList(3, args.length), false);
    } else if (args.length >= 4 && args[0].equals("follow")) {
      dump(args[1], args[2], List.of(args).subList(3, args.length), true);
    } else if (args.length == 3 && args[0].equals("move")) {
      move(args[1], args[2]);
    } else if (args.length == 2 && args[0].equals("features")) {
      features(args[1]);
    } else {
      System.err.println("usage: produce BOOTSTRAP COMPRESSION [TRANSACTIONAL_ID commit|abort] | dump|follow BOOTSTRAP ISOLATION TOPIC... | move BOOTSTRAP TOPIC | features BOOTSTRAP");
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
    settings.put("max.block.ms", "120000");
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

  private static void dump(String bootstrap, String isolation, List<String> topics, boolean follow) throws Exception {
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
      if (follow) follow(consumer, partitions, out);
      // With read_committed these are the last stable offsets, so that what is read is settled.
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      if (!follow) consumer.beginningOffsets(partitions).forEach(consumer::seek);
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

  /** From the beginnings, until stdin ends. */
  private static void follow(KafkaConsumer<byte[], byte[]> consumer, List<TopicPartition> partitions, JsonGenerator out)
      throws IOException {
    consumer.beginningOffsets(partitions).forEach(consumer::seek);
    AtomicBoolean ended = new AtomicBoolean();
    Thread listener = new Thread(() -> {
      try {
        while (System.in.read() >= 0) {}
      } catch (IOException e) {
        // A broken pipe is an end too.
      }
      ended.set(true);
    });
    listener.setDaemon(true);
    listener.start();
    while (!ended.get()) {
      for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) writeRecord(out, record);
    }
  }

  /** The replicas of each partition in a turned order, and then the first of them elected. */
  private static void move(String bootstrap, String topic) throws Exception {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", bootstrap);
    try (Admin admin = Admin.create(settings);
        JsonGenerator out = lines()) {
      Map<TopicPartition, Integer> before = new HashMap<>();
      Map<TopicPartition, Integer> wanted = new HashMap<>();
      Map<TopicPartition, Optional<NewPartitionReassignment>> turned = new HashMap<>();
      for (TopicPartitionInfo info : partitions(admin, topic)) {
        TopicPartition partition = new TopicPartition(topic, info.partition());
        List<Integer> order = new ArrayList<>(info.replicas().stream().map(Node::id).toList());
        before.put(partition, info.leader().id());
        Collections.rotate(order, -1 - order.indexOf(info.leader().id()));
        wanted.put(partition, order.get(0));
        turned.put(partition, Optional.of(new NewPartitionReassignment(order)));
      }
      admin.alterPartitionReassignments(turned).all().get();
      while (!admin.listPartitionReassignments(turned.keySet()).reassignments().get().isEmpty()) Thread.sleep(20);
      admin.electLeaders(ElectionType.PREFERRED, turned.keySet()).all().get();
      // Whichever broker is asked hears of it a little later.
      while (!partitions(admin, topic).stream()
          .allMatch(p -> p.leader().id() == wanted.get(new TopicPartition(topic, p.partition())))) Thread.sleep(20);
      out.writeStartObject();
      for (TopicPartitionInfo info : partitions(admin, topic)) {
        out.writeArrayFieldStart(Integer.toString(info.partition()));
        out.writeNumber(before.get(new TopicPartition(topic, info.partition())));
        out.writeNumber(info.leader().id());
        out.writeEndArray();
      }
      out.writeEndObject();
    }
  }

  private static List<TopicPartitionInfo> partitions(Admin admin, String topic) throws Exception {
    return admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions();
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
