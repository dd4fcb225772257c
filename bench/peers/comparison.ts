/**
 * Peers through all of their runs: each over a database, a folder and names of its own, which are taken away after it.
 * Promises an outcome whatever the peer does: what it cannot do is told, and the comparison goes on.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { PostgresServer } from "../../tests/services/postgres.ts";
import { runCommand } from "../run-command.ts";
import type { BenchServices } from "../services.ts";
import type { Sample } from "../tidemark.ts";
import { bareFetch } from "./kafka-perf-tools.ts";
import type { Peer, PeerRun, Workload } from "./peer.ts";
import { firstDifference } from "./table-rows.ts";
import { produceInto } from "./tidemark.ts";

const LOGIN = { user: `bench_${process.pid}`, password: "bench" };
const FAILURE_CHARACTERS_MAX = 160;
/** The defaults of `process`. */
const RULES = { anomalyDays: 30, anomalyMinCount: 70, anomalyMinMean: 4 };
/** Of the topic, before anything is measured. */
const WARM_UP_READS = 12;

/** A peer, and how often it runs. */
export interface Entry {
  readonly peer: Peer;
  readonly runs: number;
}

export interface Outcome {
  readonly peer: Peer;
  /** The one with the least time, start left out; undefined where no run came to its end. */
  readonly best?: PeerRun;
  /** Of each run that came to its end, start left out. */
  readonly seconds: readonly number[];
  /** Why it could not be prepared, or a run failed: in short, for the table. */
  readonly failure?: string;
  /** What differs from the expected rows, of any run; undefined where nothing does, or it has no rows. */
  readonly difference?: string;
}

/** A run's time without what passed before its first record; its end counts. */
export function secondsAfterStart({ seconds, startSeconds }: PeerRun): number {
  return seconds - startSeconds;
}

/** All that a run is given but what is its own. */
export type Common = Omit<Workload, "database" | "folder">;

export class Comparison {
  readonly common: Common;
  readonly #postgres: PostgresServer;
  /** Where the runs' folders lie. */
  readonly #folder: string;
  /** Of all comparisons, as the names on the broker stay. */
  static #runs = 0;
  /** Tidemark's rows, once there are any: what all others are held against. */
  #expected: readonly string[] | undefined;

  /** Over a topic of a sample, to be filled by `fill`; one comparison at a time on a server. */
  constructor({ broker, postgres, folder }: BenchServices, sample: Sample, ratings: number, partitions: number) {
    const { ratingsFolder, titlesFile } = sample;
    const topic = `ratings-${process.pid}-${partitions}`;
    this.common = { brokers: broker.brokers, topic, ratings, partitions, ratingsFolder, titlesFile, ...RULES };
    this.#postgres = postgres;
    this.#folder = folder;
    const { user, password } = LOGIN;
    postgres.sql(`CREATE ROLE ${user} LOGIN PASSWORD '${password}'`);
  }

  /** All runs of one peer, one after another. */
  async measure(peer: Peer, runs: number, say: (text: string) => void): Promise<Outcome> {
    return (await this.measureInTurns([{ peer, runs }], say))[0];
  }

  /**
   * The runs of several, a run of each in turn, so that a slow minute of the machine is everybody's. Whoever comes
   * first and has rows sets what is expected.
   */
  async measureInTurns(entries: readonly Entry[], say: (text: string) => void): Promise<Outcome[]> {
    const outcomes = entries.map(({ peer }): Outcome => ({ peer, seconds: [] }));
    const rounds = Math.max(...entries.map(({ runs }) => runs));
    for (let round = 0; round < rounds; round++) {
      for (const [index, outcome] of outcomes.entries()) {
        const isOver = round >= entries[index].runs || outcome.failure !== undefined;
        if (!isOver) outcomes[index] = await this.#runOnce(outcome, say);
      }
    }
    return outcomes;
  }

  async #runOnce(outcome: Outcome, say: (text: string) => void): Promise<Outcome> {
    const { peer, seconds } = outcome;
    try {
      if (seconds.length === 0) await peer.prepare();
      const run = await this.#withWorkload((workload) => peer.run(workload));
      const taken = secondsAfterStart(run);
      say(`${peer.name}: ${taken.toFixed(2)} s after a start of ${run.startSeconds.toFixed(2)} s`);
      this.#expected ??= run.rows;
      const found = run.rows && this.#expected && firstDifference(run.rows, this.#expected);
      const difference = outcome.difference ?? found;
      const isBest = seconds.every((other) => taken < other);
      return {
        ...outcome,
        seconds: [...seconds, taken],
        ...(isBest && { best: run }),
        ...(difference && { difference }),
      };
    } catch (error) {
      say(`${peer.name} failed: ${error instanceof Error ? error.message : error}`);
      return { ...outcome, failure: inShort(error) };
    }
  }

  /** Leaves the server as it was. */
  end(): void {
    this.#postgres.sql(`DROP ROLE ${LOGIN.user}`);
  }

  /** Makes the topic, and all ready to be measured. */
  async fill(): Promise<void> {
    await this.#withWorkload(produceInto);
    // Else the first to read would pay for the broker's compiling, and for what is still on its way to the disk.
    await runCommand(["sync"]);
    await this.measure(bareFetch, WARM_UP_READS, () => {});
  }

  async #withWorkload<T>(work: (workload: Workload) => Promise<T>): Promise<T> {
    const name = `run_${process.pid}_${++Comparison.#runs}`;
    const { host, port } = this.#postgres;
    const folder = mkdtempSync(join(this.#folder, "run-"));
    // As `tidemark setup` makes a database, and for all peers alike: the locale C goes with every server.
    const locale = "ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'";
    this.#postgres.sql(`CREATE DATABASE ${name} OWNER ${LOGIN.user} TEMPLATE template0 ${locale}`);
    try {
      return await work({ ...this.common, database: { host, port, name, ...LOGIN }, folder });
    } finally {
      // A peer that failed may still be there.
      this.#postgres.sql(`DROP DATABASE ${name} WITH (FORCE)`);
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

/** The first line of what was thrown, without this machine's paths. */
function inShort(error: unknown): string {
  const [line] = String(error instanceof Error ? error.message : error).split("\n");
  return line.replaceAll(/(\/[\w.@+-]+){2,}/g, "…").slice(0, FAILURE_CHARACTERS_MAX);
}
