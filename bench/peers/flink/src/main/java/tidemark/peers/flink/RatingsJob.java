/**
 * The ratings job on Apache Flink, in one JVM: a topic of ratings up to its end at the start, final 30-day rows into
 * PostgreSQL, anomalies into another topic, checkpointed exactly once. Ends when all of it is committed, and prints
 * when. Lateness is judged as Flink does it: by watermarks that come now and then, and by the slowest partition; so
 * of late ratings it takes more than Tidemark. Settings are those that the comparison's TypeScript gives it.
 */
package tidemark.peers.flink;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.ProducerRecord;
import tidemark.peers.Run;

public final class RatingsJob {
    static final long DAY_MS = Duration.ofDays(1).toMillis();
    private static final Duration LATENESS = Duration.ofDays(1);

    private RatingsJob() {}

    public static void main(String[] arguments) throws Exception {
        Run run = new Run(arguments);
        StreamExecutionEnvironment environment = StreamExecutionEnvironment.createLocalEnvironment(
                run.number("parallelism"), configuration(run));
        environment.getConfig().enableObjectReuse();

        WatermarkStrategy<Pane> watermarks = WatermarkStrategy.<Pane>forBoundedOutOfOrderness(LATENESS)
                .withTimestampAssigner((pane, recordTime) -> pane.day * DAY_MS);
        DataStream<Pane> ratings = environment.fromSource(source(run), watermarks, "ratings");
        SingleOutputStreamOperator<Pane> rows = ratings.transform("add up days", ratings.getType(), new DayCombiner())
                .keyBy(pane -> pane.movie, Types.INT)
                .process(new WindowCloser(
                        run.number("anomaly-days"),
                        run.number("anomaly-min-count"),
                        run.real("anomaly-min-mean"),
                        run.text("titles")))
                .returns(ratings.getType())
                .name("windows");
        // In a thread of its own: windows go on while PostgreSQL works.
        rows.sinkTo(new RowSink(run.text("url"), run.text("user"), run.text("titles")))
                .name("movie_ratings")
                .disableChaining();
        rows.getSideOutput(WindowCloser.ANOMALIES).sinkTo(anomalySink(run)).name("anomalies");
        makeTopic(run.text("brokers"), run.text("anomaly-topic"));
        environment.execute("ratings");
        Run.report();
        // All is committed; what is left would be the orderly end of an idle cluster.
        Runtime.getRuntime().halt(0);
    }

    private static Configuration configuration(Run run) {
        Configuration configuration = new Configuration();
        configuration.setString("state.backend.type", "hashmap");
        configuration.setString("execution.checkpointing.mode", "EXACTLY_ONCE");
        configuration.setString("execution.checkpointing.interval", run.text("checkpoint-ms") + " ms");
        configuration.setString("execution.checkpointing.storage", "filesystem");
        String checkpoints = Path.of(run.text("folder"), "checkpoints").toUri().toString();
        configuration.setString("execution.checkpointing.dir", checkpoints);
        configuration.setString("execution.buffer-timeout.interval", run.text("buffer-timeout-ms") + " ms");
        configuration.setString("pipeline.auto-watermark-interval", run.text("watermark-ms") + " ms");
        configuration.setString("pipeline.generic-types", "false");
        // A failure is to be seen, not to be made good by another try.
        configuration.setString("restart-strategy.type", "disable");
        return configuration;
    }

    /** With the broker's own number of replicas. */
    private static void makeTopic(String brokers, String topic) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", brokers))) {
            admin.createTopics(List.of(new NewTopic(topic, Optional.of(1), Optional.empty()))).all().get();
        }
    }

    private static KafkaSource<Pane> source(Run run) {
        return KafkaSource.<Pane>builder()
                .setBootstrapServers(run.text("brokers"))
                .setTopics(run.text("topic"))
                .setGroupId(run.text("group"))
                .setStartingOffsets(OffsetsInitializer.earliest())
                .setBounded(OffsetsInitializer.latest())
                .setDeserializer(new RatingReader())
                .setProperty("isolation.level", "read_committed")
                .setProperty("max.poll.records", run.text("poll-records"))
                .setProperty("max.partition.fetch.bytes", run.text("fetch-bytes"))
                .setProperty("fetch.max.bytes", run.text("fetch-bytes"))
                .setProperty("receive.buffer.bytes", "-1")
                .build();
    }

    private static KafkaSink<Tuple2<String, String>> anomalySink(Run run) {
        String topic = run.text("anomaly-topic");
        KafkaRecordSerializationSchema<Tuple2<String, String>> serializer = (anomaly, context, timestamp) ->
                new ProducerRecord<>(topic, bytes(anomaly.f0), bytes(anomaly.f1));
        return KafkaSink.<Tuple2<String, String>>builder()
                .setBootstrapServers(run.text("brokers"))
                .setRecordSerializer(serializer)
                .setDeliveryGuarantee(DeliveryGuarantee.EXACTLY_ONCE)
                .setTransactionalIdPrefix(run.text("group"))
                .setProperty("transaction.timeout.ms", String.valueOf(Duration.ofMinutes(10).toMillis()))
                .build();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
