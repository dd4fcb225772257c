/**
 * The peer on Kafka Streams: the 30-day aggregate alone, exactly once up to the topic of results, from which a second
 * thread upserts it into PostgreSQL. Its program is in `kafka-streams/`; here are the settings that made it fastest.
 */
import { randomUUID } from "node:crypto";
import { buildJavaPrograms, runJavaProgram } from "./java-program.ts";
import type { Peer } from "./peer.ts";

const OPTIONS = ["-Xms768m", "-Xmx768m", "-XX:+UseParallelGC"];

export const kafkaStreams: Peer = {
  name: "Kafka Streams 4.1.0",
  does: "30-day aggregate only, exactly once",
  tuning: "",
  async prepare() {
    buildJavaPrograms();
  },
  run(workload) {
    const run = randomUUID();
    const extra = JSON.parse(process.env.STREAMS_TRY ?? "{}");
    const javaOptions = process.env.JAVA_TRY?.split(" ") ?? OPTIONS;
    const program = {
      module: "kafka-streams",
      mainClass: "tidemark.peers.streams.RatingsStream",
      options: javaOptions,
    } as const;
    return runJavaProgram(program, workload, {
      group: `streams-${run}`,
      "results-topic": `streams-results-${run}`,
      threads: 1,
      "commit-ms": 1000,
      "cache-bytes": 256 << 20,
      "poll-records": 10_000,
      "fetch-bytes": 8 << 20,
      "batch-bytes": 1 << 20,
      ...extra,
    });
  },
};
