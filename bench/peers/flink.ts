/**
 * The peer on Apache Flink: both aggregates, exactly once, in one JVM with an embedded cluster. Its program is in
 * `flink/`; here are its settings. Its time ends with the job's last checkpoint: the orderly end
 * of an embedded cluster, which nobody would run, is left out.
 */
import { randomUUID } from "node:crypto";
import { buildJavaPrograms, type JavaProgram, runJavaProgram } from "./java-program.ts";
import type { Peer } from "./peer.ts";

const CHECKPOINT_MS = 1000;
const MEBIBYTE = 1024 * 1024;

const program: JavaProgram = {
  module: "flink",
  mainClass: "tidemark.peers.flink.RatingsJob",
  options: [
    "-Xms768m",
    "-Xmx768m",
    "-XX:+UseParallelGC",
    // As Flink's own scripts open them to it on Java 17, so far as they are used here.
    "--add-opens=java.base/java.lang=ALL-UNNAMED",
    "--add-opens=java.base/java.time=ALL-UNNAMED",
    "--add-opens=java.base/java.util=ALL-UNNAMED",
  ],
};

export const flink: Peer = {
  name: "Apache Flink 2.2.1",
  does: "both aggregates, exactly once",
  tuning:
    "byte-level parsing; days summed beside the source before the shuffle; one keyed operator with running sums and " +
    "one timer a movie; objects reused, state on the heap, checkpoints every second",
  async prepare() {
    buildJavaPrograms();
  },
  run(workload) {
    const run = randomUUID();
    return runJavaProgram(program, workload, {
      group: `flink-${run}`,
      "anomaly-topic": `flink-anomalies-${run}`,
      "anomaly-days": workload.anomalyDays,
      "anomaly-min-count": workload.anomalyMinCount,
      "anomaly-min-mean": workload.anomalyMinMean,
      parallelism: Math.min(workload.partitions, 2),
      "checkpoint-ms": CHECKPOINT_MS,
      // Results show with a checkpoint, so a watermark in between would only cost.
      "watermark-ms": CHECKPOINT_MS,
      "buffer-timeout-ms": 100,
      "poll-records": 10_000,
      "fetch-bytes": 8 * MEBIBYTE,
    });
  },
};
