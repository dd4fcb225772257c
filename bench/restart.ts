/**
 * Starts over real services, by the executable in mode A: from the start of the process to its first epoch in
 * PostgreSQL, for which there is always one rating to count: at the very first start, at a restart without other state,
 * and at one with all of 1999-2005 as state (a sample on all 2,243 days, 76 windows), where the checkpoint is read
 * back. Beside them Kafka's console consumer, from its start until it prints its first record, and `--help`. `npm run
 * build && bun bench/restart.ts [millions of ratings, 5]`.
 */
import { spawn } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { kafkaClassPath } from "../tests/services/kafka-software.ts";
import { keepChild, removeAll } from "./belongings.ts";
import { ALL_DAYS, MILLION } from "./density.ts";
import { SingleRatings } from "./producing.ts";
import { medianOf, runCommand, table } from "./run-command.ts";
import { BenchServices } from "./services.ts";
import { EXECUTABLE, end, makeSample, sampleIn, startProcess, tidemark } from "./tidemark.ts";
import { VisibleRatings } from "./visible.ts";

const RUNS = 7;
/** The last day of every sample: the window that is open at a restart. */
const DATE = "2005-12-31";

const [millions = "5"] = process.argv.slice(2);
const ratings = Math.round(Number(millions) * MILLION);
const services = await BenchServices.start();
const { broker } = services;
const sample = sampleIn(join(services.folder, "sample"));
let runs = 0;

/** Seconds from a start to the first epoch, with one more rating each time; the run's other work is done. */
async function startsOf(run: string, topic: string, times: number, countedBefore: number): Promise<number[]> {
  const environment = services.environment(run, topic, sample);
  const client = await services.client(run);
  const visible = new VisibleRatings(client);
  const single = await SingleRatings.open(broker.brokers, topic);
  const seconds: number[] = [];
  try {
    for (let count = 1; count <= times; count++) {
      await single.send(DATE);
      const startMs = performance.now();
      const child = startProcess(environment);
      try {
        await visible.until(countedBefore + count);
        seconds.push((performance.now() - startMs) / 1000);
      } finally {
        await end(child, "SIGTERM");
      }
    }
    return seconds;
  } finally {
    await single.close();
    await client.end();
  }
}

/** Each of a run that was never there before. */
async function firstStarts(): Promise<number[]> {
  const seconds: number[] = [];
  for (let count = 0; count <= RUNS; count++) {
    const run = `first_${++runs}`;
    await tidemark(services.environment(run, run, sample), "setup");
    seconds.push(...(await startsOf(run, run, 1, 0)));
  }
  return seconds;
}

/** Until the console consumer prints the first record of a topic, by the newer group protocol, which starts sooner. */
async function consoleConsumer(topic: string): Promise<number> {
  const main = "org.apache.kafka.tools.consumer.ConsoleConsumer";
  const what = ["--topic", topic, "--from-beginning", "--max-messages", "1"];
  const flags = ["--bootstrap-server", broker.brokers, ...what, "--consumer-property", "group.protocol=consumer"];
  const startMs = performance.now();
  const args = ["-cp", kafkaClassPath(), main, ...flags];
  const child = keepChild(spawn("java", args, { detached: true, stdio: ["ignore", "pipe", "ignore"] }));
  try {
    await new Promise((resolve, reject) => {
      child.stdout.once("data", resolve);
      child.once("exit", (code) => reject(new Error(`the console consumer ended with ${code} and printed nothing`)));
    });
    return (performance.now() - startMs) / 1000;
  } finally {
    await end(child, "SIGKILL");
  }
}

async function times(count: number, run: () => Promise<number>): Promise<number[]> {
  const seconds: number[] = [];
  for (let done = 0; done < count; done++) seconds.push(await run());
  return seconds;
}

/** Of all files of a run's checkpoint, in MB. */
function checkpointMegabytes(run: string): number {
  const folder = join(services.home(run), "checkpoints");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return files.reduce((sum, file) => sum + statSync(join(folder, file)).size, 0) / MILLION;
}

try {
  await makeSample(sample, ratings, ALL_DAYS);
  const full = services.environment("full", "full", sample);
  await tidemark(full, "setup");
  await tidemark(full, "produce");
  await tidemark(full, "process", "--once");

  const consumer = await times(RUNS + 1, () => consoleConsumer("full"));
  const first = await firstStarts();
  await tidemark(services.environment("empty", "empty", sample), "setup");
  const empty = await startsOf("empty", "empty", RUNS + 1, 0);
  const withState = await startsOf("full", "full", RUNS + 1, ratings);
  const help = await times(RUNS + 1, async () => (await runCommand([EXECUTABLE, "--help"])).seconds);

  // The first of each found cold caches: it does not count.
  const measure = medianOf(consumer.slice(1));
  const line = (what: string, [, ...seconds]: readonly number[]) => [
    what,
    (medianOf(seconds) * 1000).toFixed(0),
    (Math.max(...seconds) * 1000).toFixed(0),
    (medianOf(seconds) / measure).toFixed(2),
  ];
  process.stdout.write(
    `from the process's start, ${RUNS} times each; the full state: ${millions} million ratings on ${ALL_DAYS} days, ` +
      `${checkpointMegabytes("full").toFixed(1)} MB of checkpoint\n\n` +
      table(
        ["what", "median ms", "most ms", "x the console consumer"],
        [
          line("kafka-console-consumer, first record printed", consumer),
          line("process, first start, first epoch in PostgreSQL", first),
          line("process, restart with next to no state, the same", empty),
          line("process, restart with the full state, the same", withState),
          line("tidemark --help, whole", help),
        ],
      ),
  );
} finally {
  await removeAll();
}
