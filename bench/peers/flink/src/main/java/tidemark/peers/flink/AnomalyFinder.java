/**
 * Finds, for each movie, the final windows of D days sliding by one day with enough ratings and a high enough mean, and
 * makes their lines. One timer a movie at a time: a watermark that passes many days tells all their windows at once.
 * Promises what sliding event-time windows promise: a window is told once, when the watermark has passed its end.
 */
package tidemark.peers.flink;

import java.nio.file.Path;
import java.time.LocalDate;
import java.util.Map;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.streaming.api.TimerService;
import org.apache.flink.util.Collector;
import tidemark.peers.Titles;

/** The tuples are a record's key and value. */
final class AnomalyFinder extends KeyedProcessFunction<Integer, Pane, Tuple2<String, String>> {
    private static final long serialVersionUID = 1;

    private final int windowDays;
    private final int countMin;
    private final double meanMin;
    private final String titlesFile;
    private transient Map<Integer, String> titles;
    private transient ValueState<DayPanes> state;

    AnomalyFinder(int windowDays, int countMin, double meanMin, String titlesFile) {
        this.windowDays = windowDays;
        this.countMin = countMin;
        this.meanMin = meanMin;
        this.titlesFile = titlesFile;
    }

    @Override
    public void open(OpenContext context) throws Exception {
        titles = Titles.read(Path.of(titlesFile));
        state = getRuntimeContext().getState(new ValueStateDescriptor<>("days", DayPanes.class));
    }

    @Override
    public void processElement(Pane pane, Context context, Collector<Tuple2<String, String>> out) throws Exception {
        DayPanes days = state.value();
        if (days == null) days = new DayPanes();
        int endBefore = days.isEmpty() ? Integer.MAX_VALUE : days.nextEnd();
        days.add(pane, finalDay(context.timerService()), windowDays);
        if (days.isEmpty()) return;
        state.update(days);
        if (days.nextEnd() < endBefore) awaitNextEnd(days, context.timerService());
    }

    @Override
    public void onTimer(long timestamp, OnTimerContext context, Collector<Tuple2<String, String>> out)
            throws Exception {
        DayPanes days = state.value();
        if (days == null) return;
        int movie = context.getCurrentKey();
        days.advance(finalDay(context.timerService()), windowDays, (endDay, count, sum) -> {
            double mean = (double) sum / count;
            if (count < countMin || mean < meanMin) return;
            String title = titles.get(movie);
            if (title != null) out.collect(Tuple2.of(Integer.toString(movie), line(endDay, title, count, mean)));
        });
        if (days.isEmpty()) {
            state.clear();
            return;
        }
        state.update(days);
        awaitNextEnd(days, context.timerService());
    }

    private static void awaitNextEnd(DayPanes days, TimerService timers) {
        timers.registerEventTimeTimer(days.nextEnd() * RatingsJob.DAY_MS - 1);
    }

    /** Windows that end with this day's beginning, or before, are final. */
    private static int finalDay(TimerService timers) {
        long watermark = timers.currentWatermark();
        // The highest stands for the end of all time, the lowest for no watermark yet.
        if (watermark == Long.MAX_VALUE) return Integer.MAX_VALUE;
        if (watermark == Long.MIN_VALUE) return Integer.MIN_VALUE / 2;
        return (int) Math.floorDiv(watermark + 1, RatingsJob.DAY_MS);
    }

    private String line(int endDay, String title, int count, double mean) {
        LocalDate end = LocalDate.ofEpochDay(endDay);
        return end.minusDays(windowDays) + " 00:00:00," + end + " 00:00:00," + Titles.csvField(title) + ',' + count
                + ',' + mean;
    }
}
