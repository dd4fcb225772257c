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
    /** So that the table stays within the processor's nearer cache. */
    private static final int PANES_MAX = 1 << 16;
    /** Of an open-addressing table twice as large. */
    private static final int SLOT_MASK = 2 * PANES_MAX - 1;
    private static final long HASH_FACTOR = 0x9E3779B97F4A7C15L;
    private static final int HASH_SHIFT = Long.SIZE - Integer.numberOfTrailingZeros(2 * PANES_MAX);

    /** One more than where the pane stands in `panes`; 0 for a free slot. */
    private transient int[] slots;
    private transient Pane[] panes;
    private transient int used;
    private transient StreamRecord<Pane> record;

    @Override
    public void open() throws Exception {
        super.open();
        slots = new int[2 * PANES_MAX];
        panes = new Pane[PANES_MAX];
        record = new StreamRecord<>(null);
    }

    @Override
    public void processElement(StreamRecord<Pane> element) {
        Pane added = element.getValue();
        long key = (long) added.movie << Integer.SIZE | added.day & 0xffffffffL;
        int slot = (int) (key * HASH_FACTOR >>> HASH_SHIFT);
        for (int index; (index = slots[slot]) != 0; slot = slot + 1 & SLOT_MASK) {
            Pane pane = panes[index - 1];
            if (pane.movie == added.movie && pane.day == added.day) {
                pane.add(added);
                return;
            }
        }
        Pane pane = panes[used];
        if (pane == null) panes[used] = added.copy();
        else added.copyTo(pane);
        slots[slot] = ++used;
        if (used == PANES_MAX) handOut();
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
        for (int index = 0; index < used; index++) {
            output.collect(record.replace(panes[index], panes[index].day * RatingsJob.DAY_MS));
        }
        Arrays.fill(slots, 0);
        used = 0;
    }
}
