/**
 * The 30-day aggregate on Kafka Streams, exactly once: a topic of ratings into a topic of results, from which a second
 * thread brings them into PostgreSQL. Kafka Streams has no end of its own: this program ends when offsets up to what
 * was the topic's end at its start, and all results of them, are committed, and prints when.
 */
package tidemark.peers.streams;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.WindowedSerdes.TimeWindowedSerde;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowBytesStoreSupplier;
import tidemark.peers.MovieRatings;
import tidemark.peers.Run;
import tidemark.peers.Titles;

public final class RatingsStream {
    private static final Duration WINDOW = Duration.ofDays(30);
    private static final Duration GRACE = Duration.ofDays(1);
    private static final long LOOK_MS = 20;

    private RatingsStream() {}

    public static void main(String[] arguments) throws Exception {
        Run run = new Run(arguments);
        String group = run.text("group");
        String results = run.text("results-topic");
        AtomicReference<Throwable> failure = new AtomicReference<>();
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", run.text("brokers")))) {
            admin.createTopics(List.of(new NewTopic(results, Optional.of(1), Optional.empty()))).all().get();
            Map<TopicPartition, Long> ends = ends(admin, partitions(admin, run.text("topic")));
            KafkaStreams streams = new KafkaStreams(topology(run.text("topic"), results), settings(run));
            streams.setUncaughtExceptionHandler(error -> {
                failure.set(error);
                return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
            });
            streams.start();
            TableWriter writer = tableWriter(run, results);
            Thread thread = new Thread(writer, "table");
            thread.setDaemon(true);
            thread.start();
            while (!isCommitted(admin, group, ends)) look(failure);
            long resultsEnd = ends(admin, List.of(new TopicPartition(results, 0))).values().iterator().next();
            while (writer.position() < resultsEnd) look(failure);
            Run.report();
        }
        // All is committed; what is left would be the orderly end of idle clients.
        Runtime.getRuntime().halt(0);
    }

    private static Topology topology(String topic, String results) {
        Serde<byte[]> movie = Serdes.ByteArray();
        Serde<Rating> rating = Rating.serde();
        WindowBytesStoreSupplier store =
                Stores.inMemoryWindowStore("windows", WINDOW.plus(GRACE), WINDOW, false);
        StreamsBuilder builder = new StreamsBuilder();
        builder.stream(topic, Consumed.with(movie, rating).withTimestampExtractor(new Rating.Time()))
                .groupByKey(Grouped.with(movie, rating))
                .windowedBy(TimeWindows.ofSizeAndGrace(WINDOW, GRACE))
                .aggregate(
                        Sums::new,
                        (key, value, sums) -> sums.add(value),
                        Materialized.<byte[], Sums>as(store)
                                .withKeySerde(movie)
                                .withValueSerde(Sums.serde())
                                .withCachingEnabled())
                .toStream()
                .to(results, Produced.with(new TimeWindowedSerde<>(movie, WINDOW.toMillis()), Sums.serde()));
        return builder.build();
    }

    private static Properties settings(Run run) {
        Properties settings = new Properties();
        settings.put("application.id", run.text("group"));
        settings.put("bootstrap.servers", run.text("brokers"));
        settings.put("processing.guarantee", "exactly_once_v2");
        settings.put("state.dir", Path.of(run.text("folder"), "state").toString());
        settings.put("num.stream.threads", run.text("threads"));
        settings.put("commit.interval.ms", run.text("commit-ms"));
        settings.put("statestore.cache.max.bytes", run.text("cache-bytes"));
        settings.put("buffered.records.per.partition", run.text("poll-records"));
        settings.put("max.poll.records", run.text("poll-records"));
        settings.put("auto.offset.reset", "earliest");
        settings.put("fetch.max.bytes", run.text("fetch-bytes"));
        settings.put("max.partition.fetch.bytes", run.text("fetch-bytes"));
        settings.put("batch.size", run.text("batch-bytes"));
        return settings;
    }

    private static TableWriter tableWriter(Run run, String results) throws Exception {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", run.text("brokers"));
        settings.put("group.id", run.text("group") + "-table");
        settings.put("isolation.level", "read_committed");
        settings.put("auto.offset.reset", "earliest");
        settings.put("enable.auto.commit", false);
        settings.put("max.poll.records", run.text("poll-records"));
        Map<Integer, String> titles = Titles.read(Path.of(run.text("titles")));
        MovieRatings table = new MovieRatings(run.text("url"), run.text("user"), Run.password());
        return new TableWriter(results, settings, titles, table);
    }

    private static List<TopicPartition> partitions(Admin admin, String topic) throws Exception {
        return admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().stream()
                .map(partition -> new TopicPartition(topic, partition.partition()))
                .toList();
    }

    private static Map<TopicPartition, Long> ends(Admin admin, List<TopicPartition> partitions) throws Exception {
        Map<TopicPartition, OffsetSpec> asked =
                partitions.stream().collect(Collectors.toMap(Function.identity(), partition -> OffsetSpec.latest()));
        Map<TopicPartition, ListOffsetsResultInfo> found =
                admin.listOffsets(asked, new ListOffsetsOptions(IsolationLevel.READ_COMMITTED)).all().get();
        return found.entrySet().stream()
                .collect(Collectors.toMap(Map.Entry::getKey, entry -> entry.getValue().offset()));
    }

    private static boolean isCommitted(Admin admin, String group, Map<TopicPartition, Long> ends) throws Exception {
        Map<TopicPartition, OffsetAndMetadata> committed =
                admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get();
        return ends.entrySet().stream().allMatch(end -> {
            OffsetAndMetadata offset = committed.get(end.getKey());
            return end.getValue() == 0 || offset != null && offset.offset() >= end.getValue();
        });
    }

    private static void look(AtomicReference<Throwable> failure) throws Exception {
        if (failure.get() != null) throw new IllegalStateException(failure.get());
        Thread.sleep(LOOK_MS);
    }
}
