/**
 * The aggregate of a movie and window: count, sum and the ratings seen, exactly, in twelve bytes. The stores hold
 * bytes, so it is read and written for every rating, and takes no more than that.
 */
package tidemark.peers.streams;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

final class Sums {
    /** Without the objects of a ByteBuffer, which cost a tenth of the whole. */
    private static final VarHandle INTEGER =
            MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
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
        Sums sums = new Sums();
        sums.count = (int) INTEGER.get(bytes, 0);
        sums.sum = (int) INTEGER.get(bytes, Integer.BYTES);
        sums.ratings = (int) INTEGER.get(bytes, 2 * Integer.BYTES);
        return sums;
    }

    private byte[] bytes() {
        byte[] bytes = new byte[BYTES];
        INTEGER.set(bytes, 0, count);
        INTEGER.set(bytes, Integer.BYTES, sum);
        INTEGER.set(bytes, 2 * Integer.BYTES, ratings);
        return bytes;
    }

    static Serde<Sums> serde() {
        return Serdes.serdeFrom(
                (topic, sums) -> sums == null ? null : sums.bytes(), (topic, bytes) -> Sums.of(bytes));
    }
}
