/**
 * The days of one movie over which windows of D days still slide, with a running sum: a day is added once and
 * subtracted once, instead of D times as a sliding window of Flink's would have it. Promises the windows in the order
 * of their ends, each once, empty ones left out, in whatever order days come. When a window is final is the caller's.
 */
package tidemark.peers.flink;

import java.io.IOException;
import java.util.Arrays;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

final class DayPanes {
    private static final int CAPACITY_MIN = 8;

    /** What is told of a final window. */
    interface Listener {
        void window(int endDay, int count, long sum);
    }

    /** Sorted; those from `first` to `last` count, and those before `next` are in the running sum. */
    private int[] days = new int[CAPACITY_MIN];
    private int[] counts = new int[CAPACITY_MIN];
    private int[] sums = new int[CAPACITY_MIN];
    private int first;
    private int next;
    private int last;
    private int runningCount;
    private long runningSum;
    private int nextEnd;

    boolean isEmpty() {
        return first == last;
    }

    /** The end of the first window that is not told yet. */
    int nextEnd() {
        return nextEnd;
    }

    /** Takes a day's ratings, or a part of them. Windows that end at `finalDay` or before are final already. */
    void add(Pane pane, int finalDay, int windowDays) {
        if (pane.day + windowDays <= finalDay) return;
        int firstEnd = Math.max(pane.day, finalDay) + 1;
        if (isEmpty() || firstEnd < nextEnd) {
            nextEnd = firstEnd;
            sumAnew();
        }
        if (last == days.length) makeRoom();
        int at = last;
        while (at > first && days[at - 1] >= pane.day) at--;
        if (at < next) sumAnew();
        if (at == last || days[at] != pane.day) {
            for (int[] column : new int[][] {days, counts, sums}) {
                System.arraycopy(column, at, column, at + 1, last - at);
                column[at] = 0;
            }
            days[at] = pane.day;
            last++;
        }
        counts[at] += pane.count;
        sums[at] += pane.sum;
    }

    /** Tells of every window that ends at `finalDay` or before. */
    void advance(int finalDay, int windowDays, Listener listener) {
        while (first < last && nextEnd <= finalDay) {
            for (; next < last && days[next] < nextEnd; next++) {
                runningCount += counts[next];
                runningSum += sums[next];
            }
            for (; first < next && days[first] < nextEnd - windowDays; first++) {
                runningCount -= counts[first];
                runningSum -= sums[first];
            }
            if (runningCount > 0) listener.window(nextEnd++, runningCount, runningSum);
            else if (first < last) nextEnd = days[first] + 1;
        }
    }

    private void sumAnew() {
        next = first;
        runningCount = 0;
        runningSum = 0;
    }

    private void makeRoom() {
        int size = last - first;
        int capacity = first > 0 ? days.length : 2 * days.length;
        days = Arrays.copyOf(Arrays.copyOfRange(days, first, last), capacity);
        counts = Arrays.copyOf(Arrays.copyOfRange(counts, first, last), capacity);
        sums = Arrays.copyOf(Arrays.copyOfRange(sums, first, last), capacity);
        next -= first;
        first = 0;
        last = size;
    }

    void write(DataOutputView out) throws IOException {
        out.writeInt(nextEnd);
        out.writeInt(last - first);
        for (int at = first; at < last; at++) {
            out.writeInt(days[at]);
            out.writeInt(counts[at]);
            out.writeInt(sums[at]);
        }
    }

    void read(DataInputView in) throws IOException {
        nextEnd = in.readInt();
        first = 0;
        last = in.readInt();
        int capacity = Math.max(last, CAPACITY_MIN);
        days = new int[capacity];
        counts = new int[capacity];
        sums = new int[capacity];
        for (int at = 0; at < last; at++) {
            days[at] = in.readInt();
            counts[at] = in.readInt();
            sums[at] = in.readInt();
        }
        sumAnew();
    }

    void copyTo(DayPanes target) {
        target.days = days.clone();
        target.counts = counts.clone();
        target.sums = sums.clone();
        target.first = first;
        target.next = next;
        target.last = last;
        target.runningCount = runningCount;
        target.runningSum = runningSum;
        target.nextEnd = nextEnd;
    }
}
