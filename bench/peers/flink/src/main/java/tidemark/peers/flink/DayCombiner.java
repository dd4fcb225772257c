/**
 * Adds up the ratings of each movie and day beside the source, before they are serialised and sent on by movie: the
 * local half of a two-phase aggregation, as Flink's SQL planner makes one for window aggregates. Promises to hand out
 * all it holds before a watermark and before a checkpoint's barrier, so it needs no state of its own and nothing comes
 * late for its sake. Lateness and windows are left to what follows.
 */
package tidemark.peers.flink;

import java.util.Arrays;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;

final class DayCombiner extends AbstractStreamOperator<Pane> implements OneInputStreamOperator<Pane, Pane> {
    private static final long serialVersionUID = 1;
    private static final int PANES_MAX = 1 << 16;
    /** A slot is a key and, beside it in the same cache line, what is added up for it; twice as many as panes. */
    private static final int TABLE_LENGTH = 2 * 2 * PANES_MAX;
    private static final long HASH_FACTOR = 0x9E3779B97F4A7C15L;
    private static final int HASH_SHIFT = Long.SIZE - Integer.numberOfTrailingZeros(TABLE_LENGTH / 2);

    /** What is added up: the ratings seen in the lowest bits, their sum, and their count in the highest. */
    private static final int SUM_SHIFT = 11;
    private static final int COUNT_SHIFT = 39;
    private static final long RATINGS_MASK = (1 << SUM_SHIFT) - 1;
    private static final int SUM_MASK = (1 << COUNT_SHIFT - SUM_SHIFT) - 1;
    /** Ten stars for each of so many fit into the sum. */
    private static final long COUNT_MAX = (1 << 24) - 1;

    /** No movie is 0, so neither is the key of a slot in use: the movie, and the day in the lower half. */
    private transient long[] table;
    private transient int used;
    private transient StreamRecord<Pane> record;

    @Override
    public void open() throws Exception {
        super.open();
        table = new long[TABLE_LENGTH];
        record = new StreamRecord<>(new Pane());
    }

    /** Takes panes of one rating. */
    @Override
    public void processElement(StreamRecord<Pane> element) {
        Pane rating = element.getValue();
        long key = (long) rating.movie << Integer.SIZE | rating.day & 0xffffffffL;
        int at = 2 * (int) (key * HASH_FACTOR >>> HASH_SHIFT);
        while (table[at] != key && table[at] != 0) at = at + 2 & TABLE_LENGTH - 1;
        boolean isNew = table[at] == 0;
        table[at] = key;
        table[at + 1] = table[at + 1] + (1L << COUNT_SHIFT) + ((long) rating.sum << SUM_SHIFT) | rating.ratings;
        if (isNew && ++used == PANES_MAX || table[at + 1] >>> COUNT_SHIFT == COUNT_MAX) handOut();
    }

    @Override
    public void processWatermark(Watermark mark) throws Exception {
        handOut();
        super.processWatermark(mark);
    }

    @Override
    public void prepareSnapshotPreBarrier(long checkpointId) {
        handOut();
    }

    @Override
    public void finish() throws Exception {
        handOut();
        super.finish();
    }

    private void handOut() {
        if (used == 0) return;
        for (int at = 0; at < TABLE_LENGTH; at += 2) {
            if (table[at] == 0) continue;
            int day = (int) table[at];
            long sums = table[at + 1];
            int count = (int) (sums >>> COUNT_SHIFT);
            int sum = (int) (sums >>> SUM_SHIFT) & SUM_MASK;
            record.getValue().setTo(day, (int) (table[at] >>> Integer.SIZE), count, sum, (int) (sums & RATINGS_MASK));
            record.setTimestamp(day * RatingsJob.DAY_MS);
            output.collect(record);
        }
        Arrays.fill(table, 0);
        used = 0;
    }
}
