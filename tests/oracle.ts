/**
 * The naive oracle: what `process` must make of an input, written from the contract alone and sharing no code with
 * `src`. One record after the other, one plain map per window, every window a rating belongs to counted on its own.
 * It knows nothing of batches, epochs, checkpoints or crashes, as none of them may change a result.
 */
import { type OracleRating, parseRatingLine } from "./oracle/rating-line.ts";
import { anomalyLine, tableTitle } from "./oracle/title.ts";

export { oracleTitles } from "./oracle/title.ts";

/** A record of the ratings topic; its offset is its index in the partition. A timestamp below 0 is none. */
export interface OracleRecord {
  readonly line: string | Uint8Array | null;
  readonly timestampMs?: number | undefined;
}

export interface OracleInput {
  readonly partitions: readonly (readonly OracleRecord[])[];
  readonly titles: ReadonlyMap<number, string>;
  readonly mode: "A" | "C";
  readonly anomalyDays: number;
  readonly anomalyMinCount: number;
  readonly anomalyMinMean: number;
  /** Undefined: off. */
  readonly maxFutureMs?: number | undefined;
  /** Mode A only. Undefined: no window is ever forgotten. */
  readonly retainDays?: number | undefined;
  /** Undefined: no limit. */
  readonly maxMovies?: number | undefined;
  /** Undefined: no limit. */
  readonly maxWindows?: number | undefined;
  /** Per partition, how many records had been read whenever a `--drain` ended. */
  readonly drainAt?: readonly (readonly number[])[] | undefined;
}

export type OracleReason = "malformed" | "late" | "future" | "too-many-movies" | "too-many-windows";

export interface OracleRow {
  /** Seconds since 1970-01-01 UTC. */
  readonly windowStart: number;
  readonly movieId: number;
  readonly title: string;
  readonly count: number;
  readonly sum: number;
  readonly distinct: number;
}

/** A record of the anomalies topic. */
export interface OracleAnomaly {
  readonly key: string;
  readonly line: string;
}

export interface OracleTotals {
  read: number;
  counted: number;
  readonly rejectedByReason: Record<OracleReason, number>;
  /** Ratings that count, but not in every window they belong to. */
  partlyLate: number;
}

export interface OracleResult {
  /** By `${windowStart}|${movieId}`. In mode C, partition after partition, in the order of being handed out. */
  readonly rows: Map<string, OracleRow>;
  /** Per partition, in order. */
  readonly anomalies: OracleAnomaly[][];
  /** Partition after partition, in offset order. */
  readonly rejected: { partition: number; offset: number; reason: OracleReason }[];
  /** Per partition. */
  readonly totals: OracleTotals[];
  /** Per partition: rows and anomalies left out, as their movie has no title. */
  readonly untitled: number[];
  /** Per partition; undefined where no rating moved it. */
  readonly watermarkMs: (number | undefined)[];
}

/** The ratings of one movie in one window. */
interface Aggregate {
  count: number;
  sum: number;
  readonly values: Set<number>;
}

/** Windows that hold a counted rating and are not closed, by their start in milliseconds; in each, movies by id. */
type OpenWindows = Map<number, Map<number, Aggregate>>;

const DAY_MS = 24 * 60 * 60 * 1000;
const TUMBLING_MS = 30 * DAY_MS;

export function runOracle(input: OracleInput): OracleResult {
  const result: OracleResult = {
    rows: new Map(),
    anomalies: [],
    rejected: [],
    totals: [],
    untitled: [],
    watermarkMs: [],
  };
  const homes = new Map<number, number>();
  for (const [partition, records] of input.partitions.entries()) {
    const shard = new OracleShard(input, result.rows);
    const drains = input.drainAt?.[partition] ?? [];
    for (const [offset, record] of records.entries()) {
      const reason = shard.read(record);
      if (reason !== undefined) result.rejected.push({ partition, offset, reason });
      if (drains.includes(offset + 1)) shard.drain();
    }
    for (const movieId of shard.movies) {
      if (homes.has(movieId)) throw new Error(`no oracle's input: movie ${movieId} lives in two partitions`);
      homes.set(movieId, partition);
    }
    result.anomalies.push(shard.anomalies);
    result.totals.push(shard.totals);
    result.untitled.push(shard.untitled.size);
    result.watermarkMs.push(shard.watermarkMs === -Infinity ? undefined : shard.watermarkMs);
  }
  return result;
}

/** One partition. */
class OracleShard {
  watermarkMs = -Infinity;
  readonly movies = new Set<number>();
  readonly anomalies: OracleAnomaly[] = [];
  readonly totals: OracleTotals = {
    read: 0,
    counted: 0,
    rejectedByReason: { malformed: 0, late: 0, future: 0, "too-many-movies": 0, "too-many-windows": 0 },
    partlyLate: 0,
  };
  /** Rows and anomalies that have no title, by their keys. */
  readonly untitled = new Set<string>();
  private readonly tumbling: OpenWindows = new Map();
  private readonly sliding: OpenWindows = new Map();
  private readonly slidingMs: number;
  private readonly input: OracleInput;
  private readonly rows: Map<string, OracleRow>;

  constructor(input: OracleInput, rows: Map<string, OracleRow>) {
    this.input = input;
    this.rows = rows;
    this.slidingMs = input.anomalyDays * DAY_MS;
  }

  /** Takes the next record; the reason where it is rejected. */
  read(record: OracleRecord): OracleReason | undefined {
    this.totals.read++;
    const rating = parseRatingLine(record.line);
    const reason = rating === undefined ? "malformed" : this.count(rating, record.timestampMs ?? -1);
    if (reason === undefined) this.totals.counted++;
    else this.totals.rejectedByReason[reason]++;
    return reason;
  }

  /** `--drain`: every open window becomes final. Mode A's tumbling windows never are, so they raise nothing. */
  drain(): void {
    const ends = [...this.sliding.keys()].map((startMs) => startMs + this.slidingMs);
    if (this.input.mode === "C") ends.push(...[...this.tumbling.keys()].map((startMs) => startMs + TUMBLING_MS));
    this.raiseWatermark(Math.max(-Infinity, ...ends));
  }

  /** Counts a rating wherever it is not late; the reason where it counts nowhere. */
  private count(rating: OracleRating, timestampMs: number): OracleReason | undefined {
    const { maxFutureMs, maxWindows = Infinity, maxMovies = Infinity } = this.input;
    const { eventTimeMs, movieId } = rating;
    if (maxFutureMs !== undefined && timestampMs >= 0 && eventTimeMs > timestampMs + maxFutureMs) return "future";

    const tumblingStartMs = Math.floor(eventTimeMs / TUMBLING_MS) * TUMBLING_MS;
    const tumblingCounts = tumblingStartMs + TUMBLING_MS > this.tumblingHorizonMs();
    const dayMs = Math.floor(eventTimeMs / DAY_MS) * DAY_MS;
    const slidingStartsMs: number[] = [];
    for (let startMs = dayMs - this.slidingMs + DAY_MS; startMs <= dayMs; startMs += DAY_MS) {
      if (startMs + this.slidingMs > this.watermarkMs) slidingStartsMs.push(startMs);
    }
    if (!tumblingCounts && slidingStartsMs.length === 0) return "late";
    // It is valid, so it moves the watermark, whatever limit rejects it now: else a full shard could never close a
    // window again. No window of this rating ends by its own watermark, a day before it: what was judged still holds.
    this.raiseWatermark(eventTimeMs - DAY_MS);
    if (tumblingCounts && !this.tumbling.has(tumblingStartMs) && this.tumbling.size >= maxWindows) {
      return "too-many-windows";
    }
    if (!this.movies.has(movieId) && this.movies.size >= maxMovies) return "too-many-movies";

    this.movies.add(movieId);
    for (const startMs of slidingStartsMs) add(this.sliding, startMs, rating);
    if (tumblingCounts) {
      const aggregate = add(this.tumbling, tumblingStartMs, rating);
      if (this.input.mode === "A") this.writeRow(tumblingStartMs, movieId, aggregate);
    }
    if (!tumblingCounts || slidingStartsMs.length < this.input.anomalyDays) this.totals.partlyLate++;
    return undefined;
  }

  /** Tumbling windows that end by now are closed: in mode C because final, in mode A because forgotten. */
  private tumblingHorizonMs(): number {
    if (this.input.mode === "C") return this.watermarkMs;
    return this.input.retainDays === undefined ? -Infinity : this.watermarkMs - this.input.retainDays * DAY_MS;
  }

  /** Moves the watermark, never back, and closes what it passes. */
  private raiseWatermark(toMs: number): void {
    if (toMs <= this.watermarkMs) return;
    this.watermarkMs = toMs;

    const { titles, anomalyMinCount, anomalyMinMean } = this.input;
    for (const [startMs, movieId, { count, sum }] of close(this.sliding, this.slidingMs, this.watermarkMs)) {
      const title = titles.get(movieId);
      if (count < anomalyMinCount || sum / count < anomalyMinMean) continue;
      if (title === undefined) {
        this.untitled.add(`anomaly ${startMs} ${movieId}`);
        continue;
      }
      const line = anomalyLine(startMs, startMs + this.slidingMs, title, count, sum);
      this.anomalies.push({ key: String(movieId), line });
    }
    for (const [startMs, movieId, aggregate] of close(this.tumbling, TUMBLING_MS, this.tumblingHorizonMs())) {
      if (this.input.mode === "C") this.writeRow(startMs, movieId, aggregate);
    }
  }

  private writeRow(startMs: number, movieId: number, { count, sum, values }: Aggregate): void {
    const title = this.input.titles.get(movieId);
    if (title === undefined) {
      this.untitled.add(`row ${startMs} ${movieId}`);
      return;
    }
    const windowStart = startMs / 1000;
    const row = { windowStart, movieId, title: tableTitle(title), count, sum, distinct: values.size };
    this.rows.set(`${windowStart}|${movieId}`, row);
  }
}

/** Adds a rating to its movie in a window, opening the window where it has to. */
function add(windows: OpenWindows, startMs: number, { movieId, rating }: OracleRating): Aggregate {
  const movies = windows.get(startMs) ?? new Map<number, Aggregate>();
  windows.set(startMs, movies);
  const aggregate = movies.get(movieId) ?? { count: 0, sum: 0, values: new Set() };
  movies.set(movieId, aggregate);
  aggregate.count++;
  aggregate.sum += rating;
  aggregate.values.add(rating);
  return aggregate;
}

/** Takes out the windows that end by `untilMs`: in the order of their ends, then of movie ids as numbers. */
function close(windows: OpenWindows, lengthMs: number, untilMs: number): [number, number, Aggregate][] {
  const closed: [number, number, Aggregate][] = [];
  const startsMs = [...windows.keys()].filter((startMs) => startMs + lengthMs <= untilMs);
  for (const startMs of startsMs.sort((a, b) => a - b)) {
    const movies = [...(windows.get(startMs) ?? [])].sort(([a], [b]) => a - b);
    for (const [movieId, aggregate] of movies) closed.push([startMs, movieId, aggregate]);
    windows.delete(startMs);
  }
  return closed;
}
