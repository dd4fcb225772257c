/**
 * Tidemark in the comparison: `process --drain` in both modes and `produce`, by the executable as users run it, with
 * exactly-once and CRC checks on, as they always are. When work began is told by its own log, not by another run.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import packageJson from "../../package.json" with { type: "json" };
import { type CommandRun, runCommand } from "../run-command.ts";
import type { Peer, PeerRun, Workload } from "./peer.ts";
import { sortedLines, tableRows } from "./table-rows.ts";

const EXECUTABLE = join(import.meta.dirname, "../../dist/tidemark");
const NAME = `Tidemark ${packageJson.version}`;
const COMMON = { tuning: "nothing to tune: its defaults", prepare };

async function prepare(): Promise<void> {
  if (!existsSync(EXECUTABLE)) throw new Error("there is no dist/tidemark: npm run build");
}

/** Names after the run's database, which is no other run's. */
function environment(workload: Workload, topic: string): Record<string, string> {
  const { brokers, partitions, database, folder, ratingsFolder, titlesFile } = workload;
  return {
    KAFKA_BOOTSTRAP_SERVERS: brokers,
    KAFKA_PARTITIONS: String(partitions),
    KAFKA_DATA_TOPIC_NAME: topic,
    KAFKA_ANOMALY_TOPIC_NAME: `anomalies-${database.name}`,
    KAFKA_REJECTED_TOPIC_NAME: `rejected-${database.name}`,
    KAFKA_GROUP_ID: database.name,
    JDBC_URL: `postgres://${database.user}@${database.host}:${database.port}/${database.name}`,
    JDBC_PASSWORD: database.password,
    PGUSER: database.user,
    PGPASSWORD: database.password,
    TIDEMARK_HOME: join(folder, "home"),
    INPUT_DIRECTORY_PATH: ratingsFolder,
    INPUT_FILE_PATH: titlesFile,
    ANOMALY_PERIOD_LENGTH: String(workload.anomalyDays),
    ANOMALY_RATING_COUNT: String(workload.anomalyMinCount),
    ANOMALY_RATING_MEAN: String(workload.anomalyMinMean),
  };
}

/** What `5,000,000 ratings, 2,027,575/s, 2.4 s` says of the time it took; the rate is the more exact of the two. */
function workSeconds(stderr: string): number {
  const [count, perSecond] = [...(/^([\d,]+) ratings, ([\d,]+)\/s, /gm.exec(lastProgress(stderr))?.slice(1) ?? [])].map(
    (text) => Number(text.replaceAll(",", "")),
  );
  return count / perSecond;
}

function lastProgress(stderr: string): string {
  return stderr.match(/^[\d,]+ ratings, [\d,]+\/s, .*$/gm)?.at(-1) ?? "";
}

/** The work ends when the totals are logged: `2026-11-24T07:55:23.003Z info  read 5000000 = counted …`. */
function drainStartSeconds({ startedMs, stderr }: CommandRun): number {
  const reported = /^(\S+) info {2}read \d+ = /m.exec(stderr)?.[1];
  if (reported === undefined) throw new Error(`Tidemark did not log its totals:\n${stderr}`);
  return (Date.parse(reported) - startedMs) / 1000 - workSeconds(stderr);
}

export function tidemarkDrain(mode: "A" | "C"): Peer {
  return {
    ...COMMON,
    name: `${NAME}, mode ${mode}`,
    does: "both aggregates into PostgreSQL and Kafka, exactly once",
    async run(workload: Workload): Promise<PeerRun> {
      const env = environment(workload, workload.topic);
      await runCommand([EXECUTABLE, "setup"], env);
      const run = await runCommand([EXECUTABLE, "process", "--mode", mode, "--drain"], env);
      const anomalies = await runCommand([EXECUTABLE, "consume-kafka", "--once", "--from-beginning"], env);
      return {
        ...run,
        startSeconds: drainStartSeconds(run),
        rows: await tableRows(workload.database),
        anomalies: sortedLines(anomalies.stdout),
      };
    },
  };
}

/** Into a topic of its own. As of kafka-producer-perf-test, the rate is what it prints: from first record to last. */
export const tidemarkProduce: Peer = {
  ...COMMON,
  name: `${NAME}, produce`,
  does: "CSV files, parsed and keyed, to the topic; acks=all, idempotent",
  async run(workload: Workload): Promise<PeerRun> {
    const env = environment(workload, `produced-${workload.database.name}`);
    await runCommand([EXECUTABLE, "setup"], env);
    const run = await runCommand([EXECUTABLE, "produce"], env);
    return { ...run, startSeconds: run.seconds - workSeconds(run.stderr) };
  },
};

/** Fills the workload's topic. */
export async function produceInto(workload: Workload): Promise<void> {
  await prepare();
  const env = environment(workload, workload.topic);
  await runCommand([EXECUTABLE, "setup"], env);
  await runCommand([EXECUTABLE, "produce"], env);
}
