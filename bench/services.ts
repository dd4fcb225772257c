/**
 * A broker and a PostgreSQL server for one benchmark, with a folder beside them, and the environments of its runs: each
 * with outputs, results and checkpoint of its own. `TEST_KAFKA` and `TEST_POSTGRES` name others to use; what a
 * benchmark makes there stays. All that is started here goes with the benchmark's belongings.
 */
import { join } from "node:path";
import pg from "pg";
import { KafkaBroker } from "../tests/services/kafka.ts";
import { PostgresServer } from "../tests/services/postgres.ts";
import { keep, keepFolder, removeAll } from "./belongings.ts";
import { checkBuilt, type Sample } from "./tidemark.ts";

const LOGIN = { user: "bench", password: "bench" };

export class BenchServices {
  readonly broker: KafkaBroker;
  readonly postgres: PostgresServer;
  readonly folder: string;

  private constructor(broker: KafkaBroker, postgres: PostgresServer) {
    this.broker = broker;
    this.postgres = postgres;
    this.folder = keepFolder();
  }

  static async start(): Promise<BenchServices> {
    checkBuilt();
    try {
      const broker = await keep(KafkaBroker.start(), (started) => started.remove());
      const postgres = await keep(PostgresServer.start(), (started) => started.remove());
      return new BenchServices(broker, postgres);
    } catch (error) {
      await removeAll();
      throw error;
    }
  }

  /** The environment of a run, which nothing is made for yet: that is the work of `tidemark setup`. */
  environment(run: string, topic: string, sample: Sample, partitions = 1): Record<string, string> {
    return {
      KAFKA_BOOTSTRAP_SERVERS: this.broker.brokers,
      KAFKA_PARTITIONS: String(partitions),
      KAFKA_DATA_TOPIC_NAME: topic,
      KAFKA_ANOMALY_TOPIC_NAME: `anomalies-${run}`,
      KAFKA_REJECTED_TOPIC_NAME: `rejected-${run}`,
      KAFKA_GROUP_ID: run,
      JDBC_URL: this.postgres.url(run, LOGIN),
      JDBC_PASSWORD: LOGIN.password,
      PGUSER: this.postgres.administrator.user,
      PGPASSWORD: this.postgres.administrator.password,
      TIDEMARK_HOME: this.home(run),
      INPUT_DIRECTORY_PATH: sample.ratingsFolder,
      INPUT_FILE_PATH: sample.titlesFile,
    };
  }

  /** Where a run keeps its checkpoint and its lock. */
  home(run: string): string {
    return join(this.folder, run);
  }

  /** The database of a run, and the account that it works with. */
  database(run: string) {
    return { host: this.postgres.host, port: this.postgres.port, name: run, ...LOGIN };
  }

  /** A client of that database, to be ended by the caller. */
  async client(run: string): Promise<pg.Client> {
    const { name, ...place } = this.database(run);
    const client = new pg.Client({ ...place, database: name });
    await client.connect();
    return client;
  }
}
