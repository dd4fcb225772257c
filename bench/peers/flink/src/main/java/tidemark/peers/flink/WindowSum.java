/**
 * The 30-day aggregate, kept as one pane a movie and window however many are added: count, sum, and the ratings seen,
 * exactly.
 */
package tidemark.peers.flink;

import org.apache.flink.api.common.functions.AggregateFunction;

final class WindowSum implements AggregateFunction<Pane, Pane, Pane> {
    private static final long serialVersionUID = 1;

    @Override
    public Pane createAccumulator() {
        return new Pane();
    }

    @Override
    public Pane add(Pane value, Pane accumulator) {
        accumulator.add(value);
        return accumulator;
    }

    @Override
    public Pane getResult(Pane accumulator) {
        return accumulator;
    }

    @Override
    public Pane merge(Pane one, Pane other) {
        one.add(other);
        return one;
    }
}
