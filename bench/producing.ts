/**
 * Producing for benchmarks: the steady producer as a process beside us, and ratings one by one from here. What is sent
 * is made by `steady-ratings.ts`.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { KafkaTopicWriter } from "../src/topic/kafka/writer.ts";
import { testClient } from "../tests/topic/kafka-fixture.ts";
import { keepChild } from "./belongings.ts";
import { SteadyRatings } from "./steady-ratings.ts";
import { end } from "./tidemark.ts";

export interface Production {
  readonly brokers: string;
  readonly topic: string;
  readonly perSecond: number;
  readonly seconds: number;
  readonly movies: number;
  /** In days since 1970: the date of the first ratings. */
  readonly firstDay: number;
  /** Days that dates move on by in a second. */
  readonly daysASecond: number;
}

/** `steady-producer.ts` at work. */
export class SteadyProduction {
  /** When rating 0 was due, in ms since 1970; the others follow at the rate. Undefined until it begins. */
  beganMs: number | undefined;
  /** Acknowledged, as it said last: up to a second ago. */
  sent = 0;
  /** Why it ended before its time. */
  failure: string | undefined;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  constructor(production: Production) {
    const { brokers, topic, perSecond, seconds, movies, firstDay, daysASecond } = production;
    const numbers = [perSecond, seconds, movies, firstDay, daysASecond].map(String);
    const script = join(import.meta.dirname, "steady-producer.ts");
    const args = [script, brokers, topic, ...numbers];
    const child = keepChild(spawn(process.execPath, args, { detached: true, stdio: ["ignore", "pipe", "inherit"] }));
    this.#child = child;
    createInterface({ input: child.stdout }).on("line", (line) => {
      Object.assign(this, JSON.parse(line));
    });
    this.#ended = new Promise((resolve) => child.once("close", resolve));
    child.once("exit", (code) => {
      if (code !== 0) this.failure = `the producer ended with ${code}`;
    });
  }

  /** Waits until all was sent, or it failed. */
  async finished(): Promise<void> {
    await this.#ended;
    this.check();
  }

  /** Throws where it has failed. */
  check(): void {
    if (this.failure !== undefined) throw new Error(this.failure);
  }

  /** Ends it early; what it has sent is in `sent`. */
  async stop(): Promise<void> {
    await end(this.#child, "SIGTERM");
    await this.#ended;
  }
}

/** Ratings sent one by one to a topic's first partition, each acknowledged. */
export class SingleRatings {
  sent = 0;
  readonly #writer: KafkaTopicWriter;
  readonly #ratings = new SteadyRatings(1);

  private constructor(writer: KafkaTopicWriter) {
    this.#writer = writer;
  }

  static async open(brokers: string, topic: string): Promise<SingleRatings> {
    return new SingleRatings(await KafkaTopicWriter.open(testClient({ brokers: [brokers] }), topic));
  }

  async send(date: string): Promise<void> {
    await this.#writer.append(0, this.#ratings.batch(1, date, Date.now()), 1);
    this.sent++;
  }

  close(): Promise<void> {
    return this.#writer.close();
  }
}
