/**
 * Apache Spark Structured Streaming doing the job (`spark/job.py`), on this machine with both its cores: PySpark from
 * Python's registry with its Kafka source from Maven. Driver and executor are one Java process, whose figures count;
 * Python's process beside it, of some 60 MB, adds to the processor's time but not to the peak.
 */
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { KafkaBroker } from "../../tests/services/kafka.ts";
import { fetchJars } from "../../tests/services/maven-jars.ts";
import { succeed } from "../../tests/services/programs.ts";
import { keep } from "../belongings.ts";
import { runCommand } from "../run-command.ts";
import type { Peer, PeerRun, Workload } from "./peer.ts";
import { pythonWith } from "./python-environment.ts";
import { tableRows } from "./table-rows.ts";

const VERSION = "4.2.0";
const SCALA_VERSION = "2.13";
/** Python's packages; those after psycopg are what Spark's mapInArrow needs. */
const PACKAGES = [`pyspark==${VERSION}`, "psycopg[binary]==3.3.9", "pyarrow==26.0.1", "pandas==2.3.3", "numpy==2.4.6"];
const JOB = join(import.meta.dirname, "spark", "job.py");

/** Of what the Kafka source needs, what PySpark does not bring itself; no two versions of a jar on one class path. */
const JARS = /^(spark-sql-kafka|spark-token-provider-kafka|kafka-clients|commons-pool2)-/;

const SETTINGS: Readonly<Record<string, string>> = {
  "spark.driver.extraJavaOptions": "-XX:+UseParallelGC",
  "spark.locality.wait": "0",
  "spark.log.level": "WARN",
  "spark.sql.ansi.enabled": "false",
  "spark.sql.execution.arrow.maxRecordsPerBatch": "100000",
  "spark.sql.session.timeZone": "UTC",
  "spark.sql.shuffle.partitions": "2",
  "spark.sql.streaming.minBatchesToRetain": "2",
  "spark.sql.streaming.numRecentProgressUpdates": "100000",
  "spark.ui.enabled": "false",
};

const python = () => pythonWith(`pyspark-${VERSION}`, PACKAGES);
const jars = () =>
  fetchJars(`spark-kafka-${VERSION}`, [
    { group: "org.apache.spark", artifact: `spark-sql-kafka-0-10_${SCALA_VERSION}`, version: VERSION },
  ]);

async function prepare(): Promise<void> {
  if (spawnSync("java", ["-version"]).status !== 0) throw new Error("there is no java on the PATH");
  python();
  jars();
}

async function run(workload: Workload): Promise<PeerRun> {
  // Made beforehand, as Spark's sink makes none, and before the clock runs.
  const anomalyTopic = `anomalies-${workload.database.name}`;
  await keep(KafkaBroker.at({ brokers: workload.brokers }).createTopic(anomalyTopic));
  const home = dirname(succeed(python(), ["-c", "import pyspark; print(pyspark.__file__)"]).trim());
  const folder = jars();
  const chosen = [...new Bun.Glob("*.jar").scanSync(folder)].filter((name) => JARS.test(name));
  const options = Object.entries(SETTINGS).flatMap(([name, value]) => ["--conf", `${name}=${value}`]);
  const submit = [
    ...[join(home, "bin", "spark-submit"), "--master", "local[2]", "--driver-memory", "4g"],
    ...["--jars", chosen.map((name) => join(folder, name)).join(",")],
    ...options,
    JOB,
  ];
  const environment = {
    SPARK_HOME: home,
    PYSPARK_PYTHON: python(),
    WORKLOAD: JSON.stringify({ ...workload, anomalyTopic }),
  };
  const submitted = await runCommand(submit, environment);
  const { firstBatchMs } = JSON.parse(submitted.stdout.trim().split("\n").at(-1) ?? "") as { firstBatchMs: number };
  return {
    ...submitted,
    startSeconds: (firstBatchMs - submitted.startedMs) / 1000,
    rows: await tableRows(workload.database),
  };
}

export const spark: Peer = {
  name: `Apache Spark ${VERSION}`,
  does: "both aggregates; rows upserted, anomalies at least once",
  tuning:
    "local[2], a task and a shuffle partition for each core, one batch, state in memory (HDFS-backed store), " +
    "parallel collector; ratings of a movie and a day summed in Arrow before they are spread over D windows; rows by " +
    "COPY and one INSERT … ON CONFLICT a batch. No faster: smaller batches (maxOffsetsPerTrigger), " +
    "compiling huge methods",
  prepare,
  run,
};
