/**
 * The peer on Apache Flink: both aggregates, exactly once, in one JVM with an embedded cluster. Its program is in
 * `flink/`; here are the settings that made it fastest.
 */
import { randomUUID } from "node:crypto";
import { buildJavaPrograms, runJavaProgram } from "./java-program.ts";
import type { Peer } from "./peer.ts";

/** What Flink's own scripts open to it on Java 17, as far as it is used here. */
const OPENED = ["java.base/java.util", "java.base/java.lang", "java.base/java.time"];
const OPTIONS = ["-Xms768m", "-Xmx768m", "-XX:+UseParallelGC"];

export const flink: Peer = {
  name: "Apache Flink 2.2.1",
  does: "both aggregates, exactly once",
  tuning: "",
  async prepare() {
    buildJavaPrograms();
  },
  run(workload) {
    const run = randomUUID();
    const opened = OPENED.flatMap((name) => ["--add-opens", `${name}=ALL-UNNAMED`]);
    const extra = JSON.parse(process.env.FLINK_TRY ?? "{}");
    const javaOptions = process.env.JAVA_TRY?.split(" ") ?? OPTIONS;
    const program = {
      module: "flink",
      mainClass: "tidemark.peers.flink.RatingsJob",
      options: [...javaOptions, ...opened],
    } as const;
    return runJavaProgram(program, workload, {
      group: `flink-${run}`,
      "anomaly-topic": `flink-anomalies-${run}`,
      "anomaly-days": workload.anomalyDays,
      "anomaly-min-count": workload.anomalyMinCount,
      "anomaly-min-mean": workload.anomalyMinMean,
      parallelism: 1,
      "checkpoint-ms": 1000,
      "buffer-timeout-ms": 100,
      "watermark-ms": 200,
      "poll-records": 10_000,
      "fetch-bytes": 8 << 20,
      ...extra,
    });
  },
};
