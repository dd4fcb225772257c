/**
 * The peer on Kafka Streams: the 30-day aggregate alone, exactly once up to a topic of results, from which a second
 * thread upserts it into PostgreSQL. Its program is in `kafka-streams/`; here are its settings.
 */
import { randomUUID } from "node:crypto";
import { buildJavaPrograms, type JavaProgram, runJavaProgram } from "./java-program.ts";
import type { Peer } from "./peer.ts";

const MEBIBYTE = 1024 * 1024;

const program: JavaProgram = {
  module: "kafka-streams",
  mainClass: "tidemark.peers.streams.RatingsStream",
  options: ["-Xms768m", "-Xmx768m", "-XX:+UseParallelGC"],
};

export const kafkaStreams: Peer = {
  name: "Kafka Streams 4.1.0",
  does: "30-day aggregate only, exactly once, upserted as it changes",
  tuning:
    "byte-level parsing; no repartitioning; stores in memory behind a cache that holds all open windows; commits " +
    "every second; large fetches and buffers",
  async prepare() {
    buildJavaPrograms();
  },
  run(workload) {
    const run = randomUUID();
    return runJavaProgram(program, workload, {
      group: `streams-${run}`,
      "results-topic": `streams-results-${run}`,
      // More threads than partitions would have nothing to do.
      threads: Math.min(workload.partitions, 2),
      "commit-ms": 1000,
      "cache-bytes": 256 * MEBIBYTE,
      "poll-records": 10_000,
      "fetch-bytes": 8 * MEBIBYTE,
      "batch-bytes": MEBIBYTE,
    });
  },
};
