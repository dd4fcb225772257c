/**
 * The aggregate of a movie and window: count, sum and the ratings seen, exactly, in twelve bytes. The stores hold
 * bytes, so it is read and written for every rating, and takes no more than that.
 */
package tidemark.peers.streams;

import java.nio.ByteBuffer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

final class Sums {
    private static final int BYTES = 3 * Integer.BYTES;

    int count;
    int sum;
    /** Bit n stands for the rating n. */
    int ratings;

    Sums add(Rating rating) {
        count++;
        sum += rating.stars();
        ratings |= 1 << rating.stars();
        return this;
    }

    static Sums of(byte[] bytes) {
        if (bytes == null) return null;
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        Sums sums = new Sums();
        sums.count = buffer.getInt();
        sums.sum = buffer.getInt();
        sums.ratings = buffer.getInt();
        return sums;
    }

    private byte[] bytes() {
        return ByteBuffer.allocate(BYTES).putInt(count).putInt(sum).putInt(ratings).array();
    }

    static Serde<Sums> serde() {
        return Serdes.serdeFrom(
                (topic, sums) -> sums == null ? null : sums.bytes(), (topic, bytes) -> Sums.of(bytes));
    }
}
