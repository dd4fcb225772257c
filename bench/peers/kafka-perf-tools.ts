/**
 * The ceilings: Kafka's own performance tools, kafka-consumer-perf-test and kafka-producer-perf-test, with the options
 * that their scripts give Java; and a loop over a bare socket that only fetches and adds up what batches' headers say
 * (`bench/bare-fetch.ts`). The rates are those that the tools print, so their start and end are left out.
 */
import { join } from "node:path";
import { KafkaBroker } from "../../tests/services/kafka.ts";
import { KAFKA_VERSION, kafkaClassPath } from "../../tests/services/kafka-software.ts";
import { keep } from "../belongings.ts";
import { type CommandRun, runCommand } from "../run-command.ts";
import type { Peer, PeerRun, Workload } from "./peer.ts";

/** About what a rating takes: 25 bytes of value, 5 of key. The tool has no keys, so all of it is value. */
const RECORD_BYTES = 30;
/** As the tools' own scripts give them to Java. */
const JAVA_OPTIONS = ["-Xmx512M", "-server", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20"];
/** More to the good than any setting of the consumer. */
const TUNED_JAVA_OPTIONS = ["-Xmx1g", "-server", "-XX:+UseParallelGC"];

const java = (options: readonly string[], main: string, ...args: string[]): Promise<CommandRun> =>
  runCommand(["java", ...options, "-cp", kafkaClassPath(), `org.apache.kafka.tools.${main}`, ...args]);

async function prepare(): Promise<void> {
  kafkaClassPath();
}

const lastLine = (text: string): string => text.trim().split("\n").at(-1) ?? "";

/** It prints columns: start, end, MB, MB/s, records, records/s, ms of rebalance, ms of fetching, and rates of that. */
async function consume({ brokers, topic, ratings }: Workload, javaOptions: readonly string[]): Promise<PeerRun> {
  const flags = ["--bootstrap-server", brokers, "--topic", topic, "--messages", String(ratings)];
  const run = await java(javaOptions, "ConsumerPerformance", ...flags, "--timeout", "60000");
  const columns = lastLine(run.stdout).split(",");
  if (Number(columns[4]) !== ratings) throw new Error(`it read ${columns[4]} records instead of ${ratings}`);
  return { ...run, startSeconds: run.seconds - Number(columns[7]) / 1000 };
}

const CONSUMER = { does: "fetches only", prepare };

export const consumerPerfTest: Peer = {
  ...CONSUMER,
  name: `kafka-consumer-perf-test ${KAFKA_VERSION}`,
  tuning: "as its script runs it",
  run: (workload) => consume(workload, JAVA_OPTIONS),
};

export const consumerPerfTestTuned: Peer = {
  ...CONSUMER,
  name: `kafka-consumer-perf-test ${KAFKA_VERSION}, tuned`,
  tuning: `${TUNED_JAVA_OPTIONS.join(" ")}; fetches of 4 MB and more records a poll were slower`,
  run: (workload) => consume(workload, TUNED_JAVA_OPTIONS),
};

async function produce(
  { brokers, ratings, partitions, database }: Workload,
  javaOptions: readonly string[],
  properties: readonly string[],
): Promise<PeerRun> {
  const topic = `perf-${database.name}`;
  await keep(KafkaBroker.at({ brokers }).createTopic(topic, partitions));
  const size = ["--num-records", String(ratings), "--record-size", String(RECORD_BYTES)];
  const producer = ["--producer-props", `bootstrap.servers=${brokers}`, "acks=all", ...properties];
  const flags = ["--topic", topic, ...size, "--throughput", "-1", ...producer];
  const run = await java(javaOptions, "ProducerPerformance", ...flags);
  const perSecond = Number(/([\d.]+) records\/sec/.exec(lastLine(run.stdout))?.[1]);
  return { ...run, startSeconds: run.seconds - ratings / perSecond };
}

const PRODUCER = { does: `records of ${RECORD_BYTES} bytes made up by itself; acks=all, idempotent`, prepare };

export const producerPerfTest: Peer = {
  ...PRODUCER,
  name: `kafka-producer-perf-test ${KAFKA_VERSION}`,
  tuning: "as its script runs it",
  run: (workload) => produce(workload, JAVA_OPTIONS, []),
};

/** The fastest of those tried; no compression, as ours has none. */
const PRODUCER_PROPERTIES = ["batch.size=1000000", "linger.ms=50", "buffer.memory=134217728"];

export const producerPerfTestTuned: Peer = {
  ...PRODUCER,
  name: `kafka-producer-perf-test ${KAFKA_VERSION}, tuned`,
  tuning: [...TUNED_JAVA_OPTIONS, ...PRODUCER_PROPERTIES].join(" "),
  run: (workload) => produce(workload, TUNED_JAVA_OPTIONS, PRODUCER_PROPERTIES),
};

export const bareFetch: Peer = {
  name: "bare socket loop",
  does: "fetches, and adds up record counts of batches; no CRC, no record is looked at",
  tuning: "fetches of 4 MB",
  async prepare() {},
  async run({ brokers, topic, ratings, partitions }: Workload): Promise<PeerRun> {
    const program = join(import.meta.dirname, "../bare-fetch.ts");
    const run = await runCommand([process.execPath, program, brokers, topic, String(ratings), String(partitions)]);
    const { records, seconds } = JSON.parse(run.stdout) as { records: number; seconds: number };
    if (records !== ratings) throw new Error(`it counted ${records} records instead of ${ratings}`);
    return { ...run, startSeconds: run.seconds - seconds };
  },
};
