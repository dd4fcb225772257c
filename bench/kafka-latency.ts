/**
 * Two delays over real services, by the executable in mode A: a rating produced -> its row visible in PostgreSQL, one
 * at a time at a steady rate, each counted from when it was due; and kill -9 -> the successor's first committed epoch.
 * Starts a broker and a PostgreSQL server of its own. `bun bench/kafka-latency.ts [ratings, 1500] [a second, 50]
 * [kills, 15]`.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { BatchBuilder } from "../src/topic/batch-builder.ts";
import { KafkaGroupOffsets } from "../src/topic/kafka/group-offsets.ts";
import { KafkaTopicWriter } from "../src/topic/kafka/writer.ts";
import { KafkaBroker } from "../tests/services/kafka.ts";
import { PostgresServer } from "../tests/services/postgres.ts";
import { testClient } from "../tests/topic/kafka-fixture.ts";
import { runCommand } from "./run-command.ts";

const WARM_UP = 50;
const executable = join(import.meta.dirname, "../dist/tidemark");
const [ratings, perSecond, kills] = [1500, 50, 15].map((standard, at) => Number(process.argv[at + 2] ?? standard));

const folder = mkdtempSync(join(tmpdir(), "tidemark-bench-"));
const broker = await KafkaBroker.start();
const postgres = await PostgresServer.start();
const environment = {
  PATH: process.env.PATH ?? "",
  KAFKA_BOOTSTRAP_SERVERS: broker.brokers,
  JDBC_URL: postgres.url("latency", { user: "bench" }),
  JDBC_PASSWORD: "bench",
  PGUSER: postgres.administrator.user,
  PGPASSWORD: postgres.administrator.password,
  TIDEMARK_HOME: join(folder, "home"),
  INPUT_FILE_PATH: join(folder, "titles.csv"),
};
writeFileSync(environment.INPUT_FILE_PATH, "1,2001,K-Pax\n");
await runCommand(["env", ...Object.entries(environment).map((entry) => entry.join("=")), executable, "setup"]);

const start = (): ChildProcess => spawn(executable, ["process"], { env: environment, stdio: "ignore" });
const writer = await KafkaTopicWriter.open(testClient({ brokers: [broker.brokers] }), "netflix-ratings");
const builder = new BatchBuilder(1_000);
const { host, port } = postgres;
const database = new pg.Client({ host, port, database: "latency", user: "bench", password: "bench" });
await database.connect();

let sent = 0;
async function send(): Promise<void> {
  const line = new TextEncoder().encode(`2002-01-01,1,${++sent},4`);
  builder.add(line, -1, -1, line, 0, line.length);
  await writer.append(0, builder.finish(Date.now()), 1);
}

/** When the table counts so many ratings, in ms of `performance.now()`. */
async function visible(count: number): Promise<number> {
  for (;;) {
    const { rows } = await database.query("SELECT sum(rating_count) AS sum FROM movie_ratings");
    if (Number(rows[0]?.sum) >= count) return performance.now();
  }
}

/** When the group's offset is committed so far. */
async function committed(offsets: { read(): Promise<number | undefined> }, count: number): Promise<number> {
  for (;;) {
    if (((await offsets.read()) ?? 0) >= count) return performance.now();
    await sleep(2);
  }
}

const at = (values: readonly number[], share: number) =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))].toFixed(1);

try {
  let child = start();
  for (let count = 0; count < WARM_UP; count++) {
    await send();
    await visible(sent);
  }
  const delaysMs: number[] = [];
  const beganMs = performance.now();
  for (let count = 0; count < ratings; count++) {
    const dueMs = beganMs + (count * 1000) / perSecond;
    if (dueMs > performance.now()) await sleep(dueMs - performance.now());
    await send();
    delaysMs.push((await visible(sent)) - dueMs);
  }
  console.log(
    `produced -> visible, ${ratings} ratings at ${perSecond}/s: median ${at(delaysMs, 0.5)} ms, ` +
      `99th percentile ${at(delaysMs, 0.99)} ms, most ${at(delaysMs, 1)} ms`,
  );

  const groupOffsets = new KafkaGroupOffsets(testClient({ brokers: [broker.brokers] }));
  const offsets = { read: () => groupOffsets.read("netflix-ratings-group", "netflix-ratings") };
  const takeoversMs: number[] = [];
  for (let kill = 0; kill < kills; kill++) {
    await send();
    child.kill("SIGKILL");
    const killedMs = performance.now();
    await send();
    child = start();
    takeoversMs.push((await committed(offsets, sent)) - killedMs);
  }
  child.kill("SIGKILL");
  console.log(
    `kill -9 -> the successor's first committed epoch, ${kills} times: median ${at(takeoversMs, 0.5)} ms, ` +
      `most ${at(takeoversMs, 1)} ms`,
  );
} finally {
  await database.end();
  await broker.remove();
  await postgres.remove();
  rmSync(folder, { recursive: true, force: true });
  process.exit(0);
}
