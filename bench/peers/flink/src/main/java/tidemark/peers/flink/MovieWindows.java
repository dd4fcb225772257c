/**
 * All windows of one movie that are still open: the 30-day ones, of which there are one or two at a time, and the days
 * under the sliding ones. Kept as one value, so that a pane costs one look into the state. Promises windows that do not
 * depend on the order in which panes came, unless they came for a final window.
 */
package tidemark.peers.flink;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;
import org.apache.flink.types.CopyableValue;

public final class MovieWindows implements CopyableValue<MovieWindows> {
    private static final int WINDOW_DAYS = 30;

    /** Sorted; each with the first day of its window. */
    private final List<Pane> windows = new ArrayList<>(2);
    private final DayPanes days = new DayPanes();

    boolean isEmpty() {
        return windows.isEmpty() && days.isEmpty();
    }

    /** The end of the first window of either kind; `Integer.MAX_VALUE` where none is open. */
    int nextEnd() {
        int end = windows.isEmpty() ? Integer.MAX_VALUE : windows.get(0).day + WINDOW_DAYS;
        return days.isEmpty() ? end : Math.min(end, days.nextEnd());
    }

    /** Takes a day's ratings, or a part of them, for the windows that end after `finalDay`. */
    void add(Pane pane, int finalDay, int slidingDays) {
        days.add(pane, finalDay, slidingDays);
        int windowStart = pane.day - Math.floorMod(pane.day, WINDOW_DAYS);
        if (windowStart + WINDOW_DAYS <= finalDay) return;
        int at = windows.size();
        while (at > 0 && windows.get(at - 1).day > windowStart) at--;
        if (at > 0 && windows.get(at - 1).day == windowStart) windows.get(at - 1).add(pane);
        else windows.add(at, new Pane().setTo(windowStart, pane.movie, pane.count, pane.sum, pane.ratings));
    }

    /** Hands out all windows that end at `finalDay` or before. */
    void advance(int finalDay, int slidingDays, Consumer<Pane> rows, DayPanes.Listener sliding) {
        days.advance(finalDay, slidingDays, sliding);
        while (!windows.isEmpty() && windows.get(0).day + WINDOW_DAYS <= finalDay) rows.accept(windows.remove(0));
    }

    @Override
    public void write(DataOutputView out) throws IOException {
        out.writeInt(windows.size());
        for (Pane window : windows) window.write(out);
        days.write(out);
    }

    @Override
    public void read(DataInputView in) throws IOException {
        windows.clear();
        for (int left = in.readInt(); left > 0; left--) {
            Pane window = new Pane();
            window.read(in);
            windows.add(window);
        }
        days.read(in);
    }

    /** Not known before it is written. */
    @Override
    public int getBinaryLength() {
        return -1;
    }

    @Override
    public void copyTo(MovieWindows target) {
        target.windows.clear();
        for (Pane window : windows) target.windows.add(window.copy());
        days.copyTo(target.days);
    }

    @Override
    public MovieWindows copy() {
        MovieWindows copy = new MovieWindows();
        copyTo(copy);
        return copy;
    }

    @Override
    public void copy(DataInputView source, DataOutputView target) throws IOException {
        MovieWindows passing = new MovieWindows();
        passing.read(source);
        passing.write(target);
    }
}
