/**
 * The benchmark of the real services: CSV files -> a broker -> process -> PostgreSQL, as users run it, by the
 * executable, beside Kafka's own performance tools and a bare socket loop over the same topic in the same run. Starts a
 * broker and a PostgreSQL server of its own (`TEST_KAFKA`, `TEST_POSTGRES` name others). `bun bench/kafka.ts [millions
 * of ratings, 5] [days they fall on, 111: the real set's density] [partitions, 1]`.
 */
import { join } from "node:path";
import { kafkaClassPath } from "../tests/services/kafka-software.ts";
import { removeAll } from "./belongings.ts";
import { MILLION } from "./density.ts";
import { type CommandRun, medianRun, rate, runCommand, table } from "./run-command.ts";
import { BenchServices } from "./services.ts";
import { type Mode, makeSample, sampleIn, tidemark } from "./tidemark.ts";

const RUNS = 3;
/** Of `kafka-producer-perf-test`: about what a rating takes. */
const RECORD_BYTES = 30;

const [millions = "5", days = "111", partitions = "1"] = process.argv.slice(2);
const ratings = Number(millions) * MILLION;
const services = await BenchServices.start();
const { broker } = services;
const sample = sampleIn(join(services.folder, "sample"));
const environment = (run: string, topic: string) => services.environment(run, topic, sample, Number(partitions));

const java = (main: string, ...args: string[]) => runCommand(["java", "-cp", kafkaClassPath(), main, ...args]);

let runs = 0;
async function produce(): Promise<CommandRun> {
  const env = environment(`p${++runs}`, `ratings-${runs}`);
  await tidemark(env, "setup");
  return tidemark(env, "produce");
}

async function drain(mode: Mode, topic: string): Promise<{ run: CommandRun; restart: CommandRun }> {
  const env = environment(`r${++runs}`, topic);
  await tidemark(env, "setup");
  const run = await tidemark(env, "process", "--mode", mode, "--drain");
  return { run, restart: await tidemark(env, "process", "--mode", mode, "--once") };
}

/** The median by its whole time, with the start that a restart takes. */
async function medianDrain(mode: Mode, topic: string): Promise<{ run: CommandRun; startSeconds: number }> {
  const drains = [];
  for (let count = 0; count <= RUNS; count++) drains.push(await drain(mode, topic));
  const [, ...counted] = drains;
  const { run, restart } = counted.sort((a, b) => a.run.seconds - b.run.seconds)[Math.floor(RUNS / 2)];
  return { run, startSeconds: restart.seconds };
}

try {
  await makeSample(sample, ratings, Number(days));
  const produced = await medianRun(RUNS, produce);
  const topic = `ratings-${runs}`;

  const producerFlags = ["--topic", "perf", "--num-records", String(ratings), "--record-size", String(RECORD_BYTES)];
  await broker.createTopic("perf");
  const javaProducer = await medianRun(1, () =>
    java(
      "org.apache.kafka.tools.ProducerPerformance",
      ...producerFlags,
      "--throughput",
      "-1",
      "--producer-props",
      ...[`bootstrap.servers=${broker.brokers}`, "acks=all"],
    ),
  );
  const producerRate = Number(/([\d.]+) records\/sec/.exec(javaProducer.stdout.trim().split("\n").at(-1) ?? "")?.[1]);

  const consumerFlags = ["--bootstrap-server", broker.brokers, "--topic", topic, "--messages", String(ratings)];
  const javaConsumer = await medianRun(RUNS, () =>
    java("org.apache.kafka.tools.ConsumerPerformance", ...consumerFlags, "--timeout", "60000"),
  );
  // Its last column: records a second while fetching, start and rebalance left out.
  const consumerRate = Number(javaConsumer.stdout.trim().split("\n").at(-1)?.split(",").at(-1));
  const bare = await medianRun(RUNS, () =>
    runCommand([process.execPath, join(import.meta.dirname, "bare-fetch.ts"), broker.brokers, topic, String(ratings)]),
  );
  const bareFetch = JSON.parse(bare.stdout) as { records: number; seconds: number };
  const bareRate = bareFetch.records / bareFetch.seconds;

  const produceRatio = ratings / produced.seconds / producerRate;
  const modeC = await medianDrain("C", topic);
  const modeA = await medianDrain("A", topic);
  const line = (name: string, perSecond: number, { cpuSeconds, peakMegabytes }: CommandRun) => [
    name,
    rate(perSecond, 1),
    (perSecond / consumerRate).toFixed(2),
    `${Math.round((perSecond / bareRate) * 100)} %`,
    cpuSeconds.toFixed(2),
    peakMegabytes.toFixed(0),
  ];
  const drained = (name: string, { run, startSeconds }: { run: CommandRun; startSeconds: number }) => [
    line(`${name}, start included (${startSeconds.toFixed(2)} s)`, ratings / run.seconds, run),
    line(`${name}, start left out`, ratings / (run.seconds - startSeconds), run),
  ];
  process.stdout.write(
    `${millions} million ratings on ${days} days, ${partitions} partition(s); medians of ${RUNS}\n\n` +
      table(
        ["what", "ratings/s", "x the Java consumer", "of the bare fetch", "processor s", "peak MB"],
        [
          ...(partitions === "1" ? [line("bare socket fetch that only counts", bareRate, bare)] : []),
          line("kafka-consumer-perf-test (fetching only)", consumerRate, javaConsumer),
          ...drained("process --drain, mode C", modeC),
          ...drained("process --drain, mode A", modeA),
        ],
      ) +
      `\nproduce ${rate(ratings, produced.seconds)}, start included, is ${produceRatio.toFixed(1)} ` +
      `times kafka-producer-perf-test (${rate(producerRate, 1)}; ${RECORD_BYTES} bytes a record, acks=all)\n`,
  );
} finally {
  await removeAll();
}
