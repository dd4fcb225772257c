/**
 * What a record's value says, and how it is read: day and rating, as the movie is the record's key. Lines that are no
 * rating become null, and are counted nowhere.
 */
package tidemark.peers.streams;

import java.time.Duration;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.processor.TimestampExtractor;
import tidemark.peers.RatingLine;
import tidemark.peers.Run;

record Rating(int day, int stars) {
    private static final long DAY_MS = Duration.ofDays(1).toMillis();

    /** Reads only: ratings are never sent on. */
    static Serde<Rating> serde() {
        return Serdes.serdeFrom(
                (topic, rating) -> {
                    throw new UnsupportedOperationException("ratings are only read");
                },
                new Reader());
    }

    /** All threads share it, and a line is one thread's. */
    private static final class Reader implements Deserializer<Rating> {
        private final ThreadLocal<RatingLine> lines = ThreadLocal.withInitial(() -> {
            Run.tookFirstRecord();
            return new RatingLine();
        });

        @Override
        public Rating deserialize(String topic, byte[] value) {
            RatingLine line = lines.get();
            return line.read(value) ? new Rating(line.day, line.rating) : null;
        }
    }

    /** The rating's day; negative, so that the record is dropped, where there is no rating. */
    public static final class Time implements TimestampExtractor {
        @Override
        public long extract(ConsumerRecord<Object, Object> record, long partitionTime) {
            return record.value() instanceof Rating rating ? rating.day * DAY_MS : -1;
        }
    }
}
