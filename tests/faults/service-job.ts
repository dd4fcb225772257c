/**
 * A job on a real broker and a real PostgreSQL, run by the executable: topics, group and database of its own, ratings
 * of two partitions, and what it must have left, by the oracle over what the ratings topic holds. Says whether a
 * command was refused and changed nothing. What is done to the job is the tests' to say.
 */
import { expect } from "bun:test";
import { randomBytes } from "node:crypto";
import { Random } from "../generate/random.ts";
import { writeRatingFiles, writeTitles } from "../recovery/rating-files.ts";
import { difference, outputsOf, type Results, type Rules, resultsOf } from "../recovery/results.ts";
import { type RunningCommand, waitFor } from "../scenarios/running-command.ts";
import type { StoredRecord } from "../scenarios/stored-records.ts";
import { type Outcome, saidBesideLog, Workplace } from "../scenarios/workplace.ts";
import type { KafkaBroker } from "../services/kafka.ts";
import type { PostgresServer } from "../services/postgres.ts";
import { PostgresFixture } from "../table/postgres-fixture.ts";
import { committedRecords, holdsPartition, partitionBytes } from "./broker-files.ts";

export const SEED = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000);
export const PARTITIONS = 2;
const RATINGS = 600;
const DAYS = 90;
const FIRST_DAY = 12_000;
const MOVIES = 25;
const RULES: Rules = { mode: "C", anomalyDays: 3, anomalyMinCount: 2, anomalyMinMean: 3 };

export class ServiceJob extends Workplace {
  readonly broker: KafkaBroker;
  readonly fixture: PostgresFixture;
  readonly group: string;
  readonly topics: { readonly ratings: string; readonly anomalies: string; readonly rejected: string };
  readonly rules: Rules;
  readonly #titles: Map<number, string>;
  readonly #random: Random;
  readonly #started: RunningCommand[] = [];
  /** The cluster's second broker, where partitions were moved there. */
  second: KafkaBroker | undefined;
  #filesWritten = 0;

  /** Everything is set up, and nothing sent yet. */
  constructor(broker: KafkaBroker, server: PostgresServer, mode: "A" | "C" = "C") {
    super();
    console.log(`TEST_SEED=${SEED}`);
    this.broker = broker;
    this.fixture = new PostgresFixture(server);
    this.rules = { ...RULES, mode };
    this.#random = new Random(SEED);
    this.#titles = writeTitles(this, "data/movie_titles.csv", MOVIES);
    const name = randomBytes(4).toString("hex");
    this.group = `group-${name}`;
    this.topics = { ratings: `ratings-${name}`, anomalies: `anomalies-${name}`, rejected: `rejected-${name}` };
    this.env = {
      ...this.fixture.environment,
      ...this.topicEnvironment,
      KAFKA_BOOTSTRAP_SERVERS: broker.brokers,
      PROCESSING_TYPE: mode,
      ANOMALY_PERIOD_LENGTH: String(RULES.anomalyDays),
      ANOMALY_RATING_COUNT: String(RULES.anomalyMinCount),
      ANOMALY_RATING_MEAN: String(RULES.anomalyMinMean),
    };
    this.setup();
  }

  override start(commandLine: string, env: Record<string, string> = {}): RunningCommand {
    const running = super.start(commandLine, env);
    this.#started.push(running);
    return running;
  }

  /** Also of what a test that failed left running. */
  override remove(): void {
    for (const { hasEnded, pid } of this.#started) if (!hasEnded) process.kill(pid, "SIGKILL");
    super.remove();
  }

  /** Names of topics and group. */
  get topicEnvironment(): Record<string, string> {
    return {
      KAFKA_GROUP_ID: this.group,
      KAFKA_DATA_TOPIC_NAME: this.topics.ratings,
      KAFKA_ANOMALY_TOPIC_NAME: this.topics.anomalies,
      KAFKA_REJECTED_TOPIC_NAME: this.topics.rejected,
    };
  }

  setup(): void {
    this.succeed(`setup --partitions ${PARTITIONS}`);
  }

  /** Sends ratings that follow those sent before. */
  sendMore(env: Record<string, string> = {}): void {
    const folder = `sent-${this.#filesWritten}`;
    const firstDay = FIRST_DAY + DAYS * this.#filesWritten++;
    writeRatingFiles(this, folder, this.#random, { ratings: RATINGS, firstDay, days: DAYS, movies: MOVIES });
    this.succeed(`produce --ratings ${folder}`, [], env);
  }

  /** A plain `process` that goes on, once it has worked through all that is there. */
  async startWorking(env: Record<string, string> = {}, flags = ""): Promise<RunningCommand> {
    const running = this.start(`process${flags}`, env);
    await running.until("all ratings in the table", () => this.isAllInTable());
    return running;
  }

  isAllInTable(): boolean {
    const offsets = this.shards().map(({ next_offset }) => Number(next_offset));
    return offsets.length === PARTITIONS && offsets.every((offset, at) => offset === this.ratings()[at].length);
  }

  /** The rows of `tidemark_shards`. */
  shards(): Record<string, unknown>[] {
    return this.sql("SELECT * FROM tidemark_shards ORDER BY partition");
  }

  sql(statement: string): Record<string, unknown>[] {
    return this.fixture.server.sql(statement, this.fixture.name, this.fixture.login);
  }

  /** Rows, and what the output topics hold; undefined while a transaction is under way. */
  results(): Results | undefined {
    const { anomalies, rejected } = this.topics;
    const read = (topic: string) => committedRecords(this.#holder(topic, 0).dataFolder, topic, 0);
    const outputs = [read(anomalies), read(rejected)];
    if (outputs[0] === undefined || outputs[1] === undefined) return undefined;
    return { rows: this.tableRows(), ...outputsOf(outputs[0], outputs[1]) };
  }

  tableRows(): string[] {
    const columns = "window_start, movie_id, title, rating_count, rating_sum, unique_rating_count";
    return this.sql(`SELECT ${columns} FROM movie_ratings ORDER BY window_start, movie_id::bigint`).map((row) =>
      Object.values(row).join("|"),
    );
  }

  /** What must be there, by the oracle, of what the ratings topic holds. */
  expected(): Results {
    return resultsOf(this.ratings(), this.#titles, this.rules).results;
  }

  /** Fails unless all is as the oracle says. */
  async expectOracle(): Promise<void> {
    const expected = this.expected();
    // Of an input that says something.
    for (const list of [expected.rows, expected.anomalies.flat()]) {
      expect(list.length).toBeGreaterThan(3);
    }
    let found: Results | undefined;
    await waitFor("the end of all transactions", () => {
      found = this.results();
      return found !== undefined;
    });
    expect(difference(found as unknown as Results, expected)).toBeUndefined();
  }

  /** As `expectOracle`, once a process that goes on has come that far. */
  async awaitOracle(running: RunningCommand): Promise<void> {
    const count = ({ anomalies, rejected }: Results) => anomalies.flat().length + rejected.flat().length;
    const wanted = count(this.expected());
    await running.until("all ratings in the table", () => this.isAllInTable());
    await running.until("all outputs on the topics", () => {
      const found = this.results();
      return found !== undefined && count(found) >= wanted;
    });
    await this.expectOracle();
  }

  /** Ratings that come now are worked through by a process that went on; it ends cleanly, and the next one goes on. */
  async expectGoesOn(running: RunningCommand): Promise<void> {
    this.sendMore();
    await this.awaitOracle(running);
    expect((await running.end("SIGTERM")).code).toBe(0);
    this.sendMore();
    this.succeed("process --once");
    await this.expectOracle();
  }

  /** Runs `process --once` on what is damaged: must be refused with exit 4, and change nothing. */
  async expectRefused(message: string, hint: string, flags = "", env: Record<string, string> = {}): Promise<Outcome> {
    const before = this.everything();
    const outcome = this.run(`process --once${flags}`, [], env);
    const [said, advice, ...more] = saidBesideLog(outcome);
    expect({ code: outcome.code, said }).toEqual({ code: 4, said: expect.stringContaining(message) });
    expect(advice).toStartWith("hint: ");
    expect(advice).toContain(hint);
    expect(more).toEqual([""]);
    expect(this.everything()).toEqual(before as object);
    return outcome;
  }

  /** All that a refused start must leave alone. */
  everything(): unknown {
    const { anomalies, rejected } = this.topics;
    const data = this.broker.dataFolder;
    const files = Object.entries(this.contents(".")).filter(([path]) => !path.includes(".lock"));
    const topics = [anomalies, rejected].map((topic) => partitionBytes(data, topic, 0).toString("latin1"));
    return { rows: this.tableRows(), shards: this.shards(), files, topics };
  }

  /** The ratings topic, by partition. */
  ratings(): StoredRecord[][] {
    const { ratings } = this.topics;
    const read = (partition: number) =>
      committedRecords(this.#holder(ratings, partition).dataFolder, ratings, partition);
    return Array.from({ length: PARTITIONS }, (_, partition) => read(partition) ?? []);
  }

  #holder(topic: string, partition: number): KafkaBroker {
    const { second } = this;
    return second !== undefined && holdsPartition(second.dataFolder, topic, partition) ? second : this.broker;
  }
}
