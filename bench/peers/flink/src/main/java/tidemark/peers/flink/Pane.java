/**
 * Ratings of a movie that fall into one span of days: a single rating at first, then a day's, then a window's. Flows
 * from the source to the table, so it writes itself, without reflection. Promises sums that do not depend on the order
 * of adding. Which days the span has is left to whoever keeps it.
 */
package tidemark.peers.flink;

import java.io.IOException;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;
import org.apache.flink.types.CopyableValue;

public final class Pane implements CopyableValue<Pane> {
    private static final int BYTES = 5 * Integer.BYTES;

    /** The span's first, as days since 1970-01-01. */
    public int day;
    public int movie;
    public int count;
    public int sum;
    /** Bit n stands for the rating n. */
    public int ratings;

    public Pane setTo(int day, int movie, int count, int sum, int ratings) {
        this.day = day;
        this.movie = movie;
        this.count = count;
        this.sum = sum;
        this.ratings = ratings;
        return this;
    }

    /** Takes in what another has; span and movie stay. */
    public void add(Pane other) {
        count += other.count;
        sum += other.sum;
        ratings |= other.ratings;
    }

    @Override
    public void write(DataOutputView out) throws IOException {
        out.writeInt(day);
        out.writeInt(movie);
        out.writeInt(count);
        out.writeInt(sum);
        out.writeInt(ratings);
    }

    @Override
    public void read(DataInputView in) throws IOException {
        setTo(in.readInt(), in.readInt(), in.readInt(), in.readInt(), in.readInt());
    }

    @Override
    public int getBinaryLength() {
        return BYTES;
    }

    @Override
    public void copyTo(Pane target) {
        target.setTo(day, movie, count, sum, ratings);
    }

    @Override
    public Pane copy() {
        return new Pane().setTo(day, movie, count, sum, ratings);
    }

    @Override
    public void copy(DataInputView source, DataOutputView target) throws IOException {
        target.write(source, BYTES);
    }
}
