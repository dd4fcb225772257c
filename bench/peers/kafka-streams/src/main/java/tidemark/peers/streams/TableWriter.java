/**
 * Brings the topic of results into the table, in a thread of its own: a processor of Kafka Streams cannot make its
 * transaction include a database, so what a transaction has committed to a topic is taken from there, as Kafka Connect
 * would. Promises that `position` is behind no row that the table lacks: offsets are committed after the rows, and a
 * row that is written again is the same row. Movies without a title are left out.
 */
package tidemark.peers.streams;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import tidemark.peers.MovieRatings;

final class TableWriter implements Runnable {
    private static final Duration POLL = Duration.ofMillis(100);
    private static final long SECOND_MS = Duration.ofSeconds(1).toMillis();

    private final TopicPartition results;
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final Map<Integer, String> titles;
    private final MovieRatings table;
    private volatile long position;
    private volatile Exception failure;

    /** The topic has one partition. */
    TableWriter(String topic, Properties consumerSettings, Map<Integer, String> titles, MovieRatings table) {
        results = new TopicPartition(topic, 0);
        this.titles = titles;
        this.table = table;
        ByteArrayDeserializer bytes = new ByteArrayDeserializer();
        consumer = new KafkaConsumer<>(consumerSettings, bytes, bytes);
        consumer.assign(List.of(results));
    }

    /** All before this offset is in the table. */
    long position() throws Exception {
        if (failure != null) throw failure;
        return position;
    }

    @Override
    public void run() {
        try {
            while (true) {
                ConsumerRecords<byte[], byte[]> records = consumer.poll(POLL);
                if (!records.isEmpty()) {
                    write(records);
                    consumer.commitSync();
                }
                position = consumer.position(results);
            }
        } catch (Exception error) {
            failure = error;
        }
    }

    /** The last state of each row that the records tell. A key is the movie's id as text and the window's start. */
    private void write(ConsumerRecords<byte[], byte[]> records) throws SQLException {
        Map<ByteBuffer, byte[]> rows = new HashMap<>();
        for (ConsumerRecord<byte[], byte[]> record : records) rows.put(ByteBuffer.wrap(record.key()), record.value());
        for (Map.Entry<ByteBuffer, byte[]> row : rows.entrySet()) {
            ByteBuffer key = row.getKey();
            int idBytes = key.capacity() - Long.BYTES;
            int movie = Integer.parseInt(new String(key.array(), 0, idBytes, StandardCharsets.US_ASCII));
            String title = titles.get(movie);
            if (title == null) continue;
            Sums sums = Sums.of(row.getValue());
            table.put(key.getLong(idBytes) / SECOND_MS, movie, title, sums.count, sums.sum, sums.ratings);
        }
        table.flush();
    }
}
