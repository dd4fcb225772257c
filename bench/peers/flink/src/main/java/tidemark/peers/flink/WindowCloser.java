/**
 * Keeps each movie's open windows and hands out those that the watermark has passed: 30-day ones as rows, sliding ones
 * of D days, where they have enough ratings and a high enough mean, as anomaly lines beside. One timer a movie at a
 * time: a watermark that passes many days closes all their windows at once. Promises what Flink's own event-time
 * windows promise: each window is handed out once, with all that was not late for it.
 */
package tidemark.peers.flink;

import java.nio.file.Path;
import java.time.LocalDate;
import java.util.Map;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.streaming.api.TimerService;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;
import org.apache.flink.util.OutputTag;
import tidemark.peers.Titles;

final class WindowCloser extends KeyedProcessFunction<Integer, Pane, Pane> {
    /** Keys and values of records. */
    static final OutputTag<Tuple2<String, String>> ANOMALIES = new OutputTag<>("anomalies") {};

    private static final long serialVersionUID = 1;

    private final int slidingDays;
    private final int countMin;
    private final double meanMin;
    private final String titlesFile;
    private transient Map<Integer, String> titles;
    private transient ValueState<MovieWindows> state;

    WindowCloser(int slidingDays, int countMin, double meanMin, String titlesFile) {
        this.slidingDays = slidingDays;
        this.countMin = countMin;
        this.meanMin = meanMin;
        this.titlesFile = titlesFile;
    }

    @Override
    public void open(OpenContext context) throws Exception {
        titles = Titles.read(Path.of(titlesFile));
        state = getRuntimeContext().getState(new ValueStateDescriptor<>("windows", MovieWindows.class));
    }

    @Override
    public void processElement(Pane pane, Context context, Collector<Pane> out) throws Exception {
        MovieWindows windows = state.value();
        boolean isNew = windows == null;
        if (isNew) windows = new MovieWindows();
        int endBefore = windows.nextEnd();
        windows.add(pane, finalDay(context.timerService()), slidingDays);
        // The heap state holds the object itself, and has made a copy of it where a checkpoint needs the old one.
        if (isNew && !windows.isEmpty()) state.update(windows);
        if (windows.nextEnd() < endBefore) awaitNextEnd(windows, context.timerService());
    }

    @Override
    public void onTimer(long timestamp, OnTimerContext context, Collector<Pane> out) throws Exception {
        MovieWindows windows = state.value();
        if (windows == null) return;
        windows.advance(finalDay(context.timerService()), slidingDays, out::collect, (endDay, count, sum) -> {
            double mean = (double) sum / count;
            if (count >= countMin && mean >= meanMin) tell(context, endDay, count, mean);
        });
        if (windows.isEmpty()) state.clear();
        else awaitNextEnd(windows, context.timerService());
    }

    private void tell(OnTimerContext context, int endDay, int count, double mean) {
        int movie = context.getCurrentKey();
        String title = titles.get(movie);
        if (title == null) return;
        LocalDate end = LocalDate.ofEpochDay(endDay);
        String window = end.minusDays(slidingDays) + " 00:00:00," + end + " 00:00:00,";
        String line = window + Titles.csvField(title) + ',' + count + ',' + mean;
        context.output(ANOMALIES, Tuple2.of(Integer.toString(movie), line));
    }

    private static void awaitNextEnd(MovieWindows windows, TimerService timers) {
        timers.registerEventTimeTimer(windows.nextEnd() * RatingsJob.DAY_MS - 1);
    }

    /** Windows that end with this day's beginning, or before, are final. */
    private static int finalDay(TimerService timers) {
        long watermark = timers.currentWatermark();
        // The highest stands for the end of all time, the lowest for no watermark yet.
        if (watermark == Long.MAX_VALUE) return Integer.MAX_VALUE;
        if (watermark == Long.MIN_VALUE) return Integer.MIN_VALUE / 2;
        return (int) Math.floorDiv(watermark + 1, RatingsJob.DAY_MS);
    }
}
