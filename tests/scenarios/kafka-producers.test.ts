/**
 * Ratings that other applications send: by Java's producer, with every codec, in small batches, with headers and no
 * keys, in transactions of which some are aborted, and in lines that are far too long. `process` makes of what is
 * committed what the oracle does, and passes the rest as read.
 */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { Random } from "../generate/random.ts";
import { generateRatings } from "../generate.ts";
import { JavaClient, type JavaProducer, type ProducerOptions } from "../services/java-client.ts";
import type { KafkaBroker } from "../services/kafka.ts";
import { sharedBroker } from "../services/shared.ts";
import { kafkaFixture } from "../topic/kafka-fixture.ts";
import { flagsOf, type Job, totalsOf } from "./expectation.ts";
import { KafkaNames } from "./kafka-names.ts";
import { Workplace } from "./workplace.ts";

const START_MS_MAX = 120_000;
const TEST_MS = 60_000;
const CODECS = ["none", "gzip", "snappy", "lz4", "zstd"] as const;
const RECORDS = 1000;
const MOVIES = 12;
const LONG_LINE_BYTES = 1_200_000;
const TITLES = ["K-Pax", "Sick, Sad World", 'The "Best"', "Nul\0in\0side", "Café 😀", "z".repeat(130)];
const TITLES_FILE = Array.from(
  { length: MOVIES },
  (_, movie) => `${movie + 1},2000,${TITLES[movie % TITLES.length]}\n`,
).join("");

let broker: KafkaBroker;
let java: JavaClient;
let work: Workplace;
let names: KafkaNames;
beforeAll(async () => {
  broker = await sharedBroker();
  java = new JavaClient(broker.brokers);
}, START_MS_MAX);
afterAll(async () => {
  await java?.close();
  await broker?.remove();
});
beforeEach(() => {
  work = new Workplace();
  names = new KafkaNames("producers");
  work.env = names.environment(broker.brokers);
  work.write("data/movie_titles.csv", TITLES_FILE);
});
afterEach(() => work.remove());

function newSeed(): number {
  const seed = Date.now() % 1_000_000;
  console.log(`seed ${seed}`);
  return seed;
}

/**
 * Sends ratings and what is none, by all producers in turn, here and there with key, headers and a time of their own,
 * in batches of some; returns a titles file for them.
 */
async function sendGenerated(producers: readonly JavaProducer[], seed: number): Promise<string> {
  const random = new Random(seed);
  const kinds = { farForward: 0, farBack: 0.3 };
  const options = { partitions: 2, records: RECORDS, movies: MOVIES, startDay: 11_700, daysPerRecord: 0.2, kinds };
  const { partitions, titles } = generateRatings(seed, options);
  const left = partitions.map((records, partition) => ({ partition, records: [...records] }));
  const now = Date.now();
  for (;;) {
    const waiting = left.filter(({ records }) => records.length > 0);
    if (waiting.length === 0) break;
    const { partition, records } = random.pick(waiting);
    const { line, timestampMs = now } = records.shift() as (typeof records)[number];
    const isTime = timestampMs >= 0 && timestampMs < now;
    const producer = random.pick(producers);
    // Not awaited: a producer takes records while it sends others.
    void producer.send({
      topic: names.ratings,
      partition,
      value: line,
      timestampMs: isTime ? timestampMs : undefined,
      ...(random.chance(0.5) ? { key: random.pick(["", "7", "x".repeat(200)]) } : {}),
      ...(random.chance(0.3) ? { headers: { source: "java", empty: "", none: null } } : {}),
    });
    if (random.chance(0.1)) void producer.flush();
  }
  await Promise.all(producers.map((producer) => producer.flush()));
  return [...titles.keys()].map((movie, index) => `${movie},2000,${TITLES[index % TITLES.length]}\n`).join("");
}

/** Where the group stands behind the topic's end, by partition. */
async function lag(): Promise<number[]> {
  const offsets = (await broker.consumerGroups(names.group)).filter(({ topic }) => topic === names.ratings);
  return offsets.map(({ offset = 0, endOffset }) => endOffset - offset);
}

test.each(["A", "C"] as const)(
  "batches that Java compresses with each codec, keys or none, headers: mode %s as the oracle has it",
  async (mode) => {
    const job: Job = { mode, days: 5, minCount: 2, minMean: 2 };
    work.succeed("setup --partitions 2");
    const producers = await Promise.all(CODECS.map((codec) => java.producer({ codec })));
    const titles = await sendGenerated(producers, newSeed());
    work.write("data/movie_titles.csv", titles);
    const { stderr } = work.succeed(`process --drain ${flagsOf(job)}`);
    const ratings = await java.read(names.ratings, 2);
    expect(ratings.flat().length).toBe(RECORDS);
    const expected = await names.expectLeft(work, java, { job, titles, ratings });
    expect(expected.rows.size).toBeGreaterThan(MOVIES);
    for (const line of totalsOf(expected)) expect(stderr).toContain(`info  ${line}\n`);
    work.succeed("cleanup --yes");
  },
  TEST_MS,
);

/** Java producers with transactions of their own, and what readers of committed records must see of them. */
class Transactions {
  readonly #random: Random;
  readonly #producers: readonly JavaProducer[];
  /** All that was sent, in order; undefined while its transaction is open. */
  readonly #sent: { readonly line: string; readonly producer: number; isCommitted: boolean | undefined }[] = [];
  readonly #open = new Set<number>();
  aborted = 0;

  constructor(random: Random, producers: readonly JavaProducer[]) {
    this.#random = random;
    this.#producers = producers;
  }

  /** What is before the first record whose transaction is open, except for what was aborted. */
  get visible(): string[] {
    const open = this.#sent.findIndex(({ isCommitted }) => isCommitted === undefined);
    const settled = open < 0 ? this.#sent : this.#sent.slice(0, open);
    return settled.filter(({ isCommitted }) => isCommitted).map(({ line }) => line);
  }

  /** Sends a batch; the first producer has no transactions. */
  async send(producer: number): Promise<void> {
    const [random, its] = [this.#random, this.#producers[producer]];
    if (producer > 0 && !this.#open.has(producer)) {
      await its.begin();
      this.#open.add(producer);
    }
    for (let count = random.whole(1, 4); count > 0; count--) {
      const day = String(1 + Math.min(27, Math.floor(this.#sent.length / 8))).padStart(2, "0");
      const line = `2002-03-${day},${random.whole(1, MOVIES)},${this.#sent.length},${random.whole(1, 5)}`;
      void its.send({ topic: names.ratings, value: line });
      this.#sent.push({ line, producer, isCommitted: producer === 0 ? true : undefined });
    }
    await its.flush();
  }

  async end(producer: number, isCommitted: boolean): Promise<void> {
    if (!this.#open.delete(producer)) return;
    await (isCommitted ? this.#producers[producer].commit() : this.#producers[producer].abort());
    if (!isCommitted) this.aborted++;
    const mine = this.#sent.filter((sent) => sent.producer === producer && sent.isCommitted === undefined);
    for (const sent of mine) sent.isCommitted = isCommitted;
  }
}

/** Markers are written a little after a commit is answered. */
async function untilCommitted(lines: readonly string[]): Promise<void> {
  for (let found = -1; found !== lines.length; ) {
    const values = (await java.read(names.ratings))[0].map(({ value }) => String(value));
    found = values.length;
    expect(values).toEqual(lines.slice(0, found));
  }
}

test(
  "of transactions, what is committed counts, and what is aborted is read past, to a lag of 0",
  async () => {
    const job: Job = { mode: "A", days: 2, minCount: 2, minMean: 2 };
    const random = new Random(newSeed());
    work.succeed("setup");
    const kinds: ProducerOptions[] = [{}, { codec: "zstd" }, {}, { codec: "snappy" }];
    const producers = kinds.map((kind, index) =>
      java.producer({ ...kind, ...(index > 0 ? { transactionalId: `${names.ratings}-${index}` } : {}) }),
    );
    const transactions = new Transactions(random, await Promise.all(producers));
    for (let step = 0; step < 40; step++) {
      if (random.chance(0.7)) await transactions.send(random.whole(0, 3));
      else await transactions.end(random.whole(1, 3), random.chance(0.4));
    }

    // One is open, and what comes behind its first record is not to be seen yet, committed or not.
    await transactions.send(1);
    await transactions.send(0);
    await untilCommitted(transactions.visible);
    work.succeed(`process --once ${flagsOf(job)}`);
    await names.expectLeft(work, java, { job, titles: TITLES_FILE, drains: [[]] });

    await transactions.end(1, true);
    await transactions.end(2, false);
    await transactions.end(3, true);
    await transactions.send(3);
    await transactions.end(3, false);
    await untilCommitted(transactions.visible);
    // The last is a marker, which nobody reads.
    const fixture = kafkaFixture(broker.brokers);
    await (await fixture.reader(names.ratings)).close();
    await fixture.remove();
    const once = work.succeed(`process --once ${flagsOf(job)}`);
    const seen = await names.expectLeft(work, java, { job, titles: TITLES_FILE, drains: [[]] });
    for (const line of totalsOf(seen)) expect(once.stderr).toContain(`info  ${line}\n`);
    expect(await lag()).toEqual([0]);
    expect(transactions.aborted).toBeGreaterThan(0);

    work.succeed(`process --drain ${flagsOf(job)}`);
    await names.expectLeft(work, java, { job, titles: TITLES_FILE });
    work.succeed("cleanup --yes");
  },
  TEST_MS,
);

test(
  "lines of more than a megabyte: a rating counts, what is none is rejected, cut at 64 KiB",
  async () => {
    const job: Job = { mode: "C", days: 2, minCount: 2, minMean: 2 };
    await broker.createTopic(names.ratings, 1, { "max.message.bytes": String(4 * LONG_LINE_BYTES) });
    work.succeed("setup");
    const long = (begin: string, end: string) => `${begin}${"ż".repeat(LONG_LINE_BYTES / 2)}${end}`;
    for (const codec of ["none", "lz4"] as const) {
      const producer = await java.producer({ codec });
      const lines = [
        ...["2002-03-01,1,7,4", "2002-03-01,4,7,4", "2002-03-02,4,8,5", long("x", ""), long("2002-03-02,1,", ",5")],
        ...[long("2002-03-03,1,7,", ""), "nul\0inside", "2002-03-03,1,u\0,5"],
      ];
      for (const value of lines) {
        void producer.send({ topic: names.ratings, value });
        void producer.flush();
      }
      await producer.flush();
    }
    const { stderr } = work.succeed(`process --drain ${flagsOf(job)}`);
    const expected = await names.expectLeft(work, java, { job, titles: TITLES_FILE });
    for (const line of totalsOf(expected)) expect(stderr).toContain(`info  ${line}\n`);
    const [rejected] = await java.read(names.rejected);
    const cut = rejected.filter(({ headers }) => headers["full-bytes"] !== undefined);
    expect(cut.map(({ value, headers }) => [value?.length, headers["full-bytes"]])).toEqual([
      [65_536, String(LONG_LINE_BYTES + 1)],
      [65_536, String(LONG_LINE_BYTES + 15)],
      [65_536, String(LONG_LINE_BYTES + 1)],
      [65_536, String(LONG_LINE_BYTES + 15)],
    ]);
    // The title of movie 4 has U+0000 in it, which no database takes.
    expect(work.rows().filter((row) => row.includes("|4|Nulinside|"))).toHaveLength(1);
    expect((await java.read(names.anomalies))[0].map(({ value }) => String(value))).toContain(
      "2002-03-01 00:00:00,2002-03-03 00:00:00,Nulinside,4,4.5",
    );
    work.succeed("cleanup --yes");
  },
  TEST_MS,
);
