import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Kafka's own producers and consumer, as an application in Java has them; `java-client.ts` tells it what to do. A
 * command is a line of words parted by tabs, bytes in base64, null as "-"; what it prints ends with the line "done".
 */
public class JavaClient {
  private static final int REQUEST_BYTES_MAX = 8 * 1024 * 1024;
  private static final Map<String, KafkaProducer<byte[], byte[]>> producers = new HashMap<>();
  /** Unlike System.out, not a system call a line. */
  private static final PrintStream out =
      new PrintStream(new BufferedOutputStream(new FileOutputStream(FileDescriptor.out), 1 << 16), false);
  private static String brokers;

  public static void main(String[] args) throws Exception {
    brokers = args[0];
    var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    for (String line; (line = in.readLine()) != null; ) {
      run(line.split("\t", -1));
      out.println("done");
      out.flush();
    }
    producers.values().forEach(KafkaProducer::close);
  }

  private static void run(String[] words) throws Exception {
    switch (words[0]) {
      case "open" -> open(words[1], words[2], words[3]);
      case "send" -> send(words);
      case "flush" -> producers.get(words[1]).flush();
      case "begin" -> producers.get(words[1]).beginTransaction();
      case "commit" -> producers.get(words[1]).commitTransaction();
      case "abort" -> producers.get(words[1]).abortTransaction();
      case "read" -> read(words[1]);
      default -> throw new IllegalArgumentException(words[0]);
    }
  }

  /** A producer that waits for more, so that a batch ends with a flush, or when it is full. */
  private static void open(String name, String codec, String transactionalId) {
    Map<String, Object> settings = new HashMap<>();
    settings.put("bootstrap.servers", brokers);
    settings.put("compression.type", codec);
    settings.put("linger.ms", 60_000);
    settings.put("max.request.size", REQUEST_BYTES_MAX);
    if (!transactionalId.equals("-")) settings.put("transactional.id", transactionalId);
    var producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
    if (!transactionalId.equals("-")) producer.initTransactions();
    producers.put(name, producer);
  }

  /** send NAME TOPIC PARTITION TIMESTAMP KEY VALUE [HEADER-NAME HEADER-VALUE]… */
  private static void send(String[] words) {
    List<Header> headers = new ArrayList<>();
    for (int at = 7; at < words.length; at += 2) headers.add(new RecordHeader(words[at], bytes(words[at + 1])));
    Long timestamp = words[4].equals("-") ? null : Long.valueOf(words[4]);
    int partition = Integer.parseInt(words[3]);
    var record = new ProducerRecord<>(words[2], partition, timestamp, bytes(words[5]), bytes(words[6]), headers);
    producers.get(words[1]).send(record, (metadata, error) -> {
      if (error == null) return;
      error.printStackTrace();
      System.exit(1);
    });
  }

  /** Prints what readers of committed records see of a topic: partition, offset, timestamp, key, value, headers. */
  private static void read(String topic) {
    Map<String, Object> settings = new HashMap<>();
    settings.put("bootstrap.servers", brokers);
    settings.put("isolation.level", "read_committed");
    settings.put("auto.offset.reset", "none");
    try (var consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> partitions = consumer.partitionsFor(topic).stream()
          .map(info -> new TopicPartition(topic, info.partition()))
          .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      while (!partitions.stream().allMatch(partition -> consumer.position(partition) >= ends.get(partition))) {
        for (var record : consumer.poll(Duration.ofMillis(100))) out.println(shown(record));
      }
    }
  }

  private static String shown(ConsumerRecord<byte[], byte[]> record) {
    String headers = StreamSupport.stream(record.headers().spliterator(), false)
        .map(header -> "\t" + header.key() + "\t" + text(header.value()))
        .collect(Collectors.joining());
    String place = record.partition() + "\t" + record.offset() + "\t" + record.timestamp();
    return place + "\t" + text(record.key()) + "\t" + text(record.value()) + headers;
  }

  private static byte[] bytes(String word) {
    return word.equals("-") ? null : Base64.getDecoder().decode(word);
  }

  private static String text(byte[] bytes) {
    return bytes == null ? "-" : Base64.getEncoder().encodeToString(bytes);
  }
}
