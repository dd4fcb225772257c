/**
 * Tidemark in the comparison: `process --drain` in both modes and `produce`, by the executable as users run it, with
 * exactly-once and CRC checks on, as they always are. When work began is told by its own log, not by another run.
 */
import { join } from "node:path";
import packageJson from "../../package.json" with { type: "json" };
import { checkBuilt, type Mode, startSeconds, tidemark, workSeconds } from "../tidemark.ts";
import type { Peer, PeerRun, Workload } from "./peer.ts";
import { sortedLines, tableRows } from "./table-rows.ts";

const NAME = `Tidemark ${packageJson.version}`;
const COMMON = { tuning: "nothing to tune: its defaults", prepare };

async function prepare(): Promise<void> {
  checkBuilt();
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

export function tidemarkDrain(mode: Mode): Peer {
  return {
    ...COMMON,
    name: `${NAME}, mode ${mode}`,
    does: "both aggregates into PostgreSQL and Kafka, exactly once",
    async run(workload: Workload): Promise<PeerRun> {
      const env = environment(workload, workload.topic);
      await tidemark(env, "setup");
      const run = await tidemark(env, "process", "--mode", mode, "--drain");
      const anomalies = await tidemark(env, "consume-kafka", "--once", "--from-beginning");
      return {
        ...run,
        startSeconds: startSeconds(run),
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
    await tidemark(env, "setup");
    const run = await tidemark(env, "produce");
    return { ...run, startSeconds: run.seconds - workSeconds(run) };
  },
};

/** Fills the workload's topic. */
export async function produceInto(workload: Workload): Promise<void> {
  await prepare();
  const env = environment(workload, workload.topic);
  await tidemark(env, "setup");
  await tidemark(env, "produce");
}
