/**
 * Seeded random ratings for property tests: mostly in order, with late ones, jumps, far dates, futures and malformed
 * lines among them. The same seed and options give the same input. A movie stays in one partition. Printing the seed
 * is the test's job; what the input must lead to is the oracle's.
 */
import { MALFORMED_WEIGHTS, type MalformedKind, writeMalformedLine } from "./generate/malformed-line.ts";
import { Random } from "./generate/random.ts";
import { type Dress, writeLine, writeTime } from "./generate/valid-line.ts";

/** How often each kind of record comes, in parts of the sum of all. */
export interface KindWeights {
  /** At the clock of its partition, which goes on by `daysPerRecord`. */
  readonly ordinary: number;
  /** Up to `backDaysMax` before the clock. */
  readonly backJump: number;
  /** The clock goes on by up to `forwardDaysMax`. */
  readonly forwardJump: number;
  /** The clock goes on by years, up to centuries. */
  readonly farForward: number;
  /** Years or centuries before the clock. */
  readonly farBack: number;
  /** Later than its record's timestamp allows (with `--max-future` off: a rating like any other). */
  readonly future: number;
  readonly malformed: number;
}

export interface GenerateOptions {
  readonly partitions?: number;
  /** Of all partitions together. */
  readonly records?: number;
  readonly movies?: number;
  /** Part of the movies, 0 to 1, that have no title. */
  readonly untitled?: number;
  /** Where the clocks begin, in days since 1970. Else the seed's choice: mostly 2002, or just before 1970, or any. */
  readonly startDay?: number;
  readonly daysPerRecord?: number;
  readonly backDaysMax?: number;
  readonly forwardDaysMax?: number;
  /** What `--max-future` will be: timestamps are set on both sides of it. */
  readonly maxFutureMs?: number;
  readonly kinds?: Partial<KindWeights>;
  readonly malformedKinds?: Partial<Record<MalformedKind, number>>;
  readonly dress?: Partial<Dress>;
}

/** Fits the oracle's record, and tells what it was meant as. */
export interface GeneratedRecord {
  readonly line: string | Uint8Array | null;
  readonly timestampMs?: number;
  readonly kind: keyof KindWeights | MalformedKind;
  readonly valid: boolean;
}

export interface Generated {
  readonly partitions: GeneratedRecord[][];
  readonly titles: Map<number, string>;
}

export const KIND_WEIGHTS: KindWeights = {
  ordinary: 100,
  backJump: 15,
  forwardJump: 2,
  farForward: 0.1,
  farBack: 1,
  future: 2,
  malformed: 8,
};
export const DRESS: Dress = { dateTime: 0.3, quoted: 0.1, lineEnd: 0.1, oddUser: 0.05 };

const DAY_MS = 24 * 60 * 60 * 1000;
/** 0002-01-01 and 9998-12-31: no UTC offset leads out of the years of the contract, but long windows do. */
const FIRST_DAY = -718_797;
const LAST_DAY = 2_932_531;
const ODD_TITLES = [
  "K-Pax",
  "Dinosaur Planet",
  "Sick, Sad World",
  'The "Best" Of',
  'A "Quoted", Title',
  '"',
  " leading and trailing ",
  "Two\nLines",
  "Carriage\rReturn",
  "Café Čapek 😀",
  "nul\0inside",
  "x".repeat(128),
  "y".repeat(129),
  "😀".repeat(130),
  `${"z".repeat(127)}😀!`,
];
const ODD_MOVIE_IDS = [1, 2, 9, 10, 11, 99, 100, 17_770, 65_535, 65_536, 2 ** 31 - 1];

export function generateRatings(seed: number, options: GenerateOptions = {}): Generated {
  const random = new Random(seed);
  const { partitions = 1, records = 500, movies = 8, untitled = 0.1 } = options;
  if (movies < partitions) throw new Error(`${movies} movies are not enough for ${partitions} partitions`);
  const movieIds = makeMovieIds(random, movies);
  const titles = new Map<number, string>();
  for (const movieId of movieIds) {
    if (random.chance(untitled)) continue;
    titles.set(movieId, random.chance(0.3) ? random.pick(ODD_TITLES) : `Title of ${movieId}`);
  }
  const startDay = options.startDay ?? pickStartDay(random);
  const walks = Array.from({ length: partitions }, (_, partition) => {
    const residents = movieIds.filter((_, index) => index % partitions === partition);
    return new PartitionWalk(random, options, startDay, residents);
  });
  const generated: GeneratedRecord[][] = walks.map(() => []);
  for (let record = 0; record < records; record++) {
    const partition = random.whole(0, partitions - 1);
    generated[partition].push(walks[partition].next());
  }
  return { partitions: generated, titles };
}

/** One partition's records: a clock in days that goes on, and what comes around it. */
class PartitionWalk {
  private clockDay: number;
  private readonly random: Random;
  private readonly options: GenerateOptions;
  private readonly movieIds: readonly number[];
  private readonly kinds: Record<keyof KindWeights, number>;
  private readonly malformedKinds: Record<MalformedKind, number>;
  private readonly dress: Dress;

  constructor(random: Random, options: GenerateOptions, startDay: number, movieIds: readonly number[]) {
    this.random = random;
    this.options = options;
    this.clockDay = startDay;
    this.movieIds = movieIds;
    this.kinds = { ...KIND_WEIGHTS, ...options.kinds };
    this.malformedKinds = { ...MALFORMED_WEIGHTS, ...options.malformedKinds };
    this.dress = { ...DRESS, ...options.dress };
  }

  next(): GeneratedRecord {
    const kind = this.random.weighted(this.kinds);
    if (kind === "malformed") return this.malformed();
    const day = Math.min(LAST_DAY, Math.max(FIRST_DAY, Math.floor(this.dayOf(kind))));
    const time = writeTime(this.random, day, this.dress);
    const line = writeLine(this.random, time, this.pickMovie(), this.pickRating(), this.dress);
    const timestampMs = this.pickTimestamp(time.eventTimeMs, time.exact, kind === "future");
    return timestampMs === undefined ? { line, kind, valid: true } : { line, timestampMs, kind, valid: true };
  }

  private dayOf(kind: Exclude<keyof KindWeights, "malformed">): number {
    const { daysPerRecord = 0.3, backDaysMax = 60, forwardDaysMax = 45 } = this.options;
    const { random } = this;
    const goOn = (days: number): number => {
      this.clockDay = Math.min(LAST_DAY, this.clockDay + days);
      return this.clockDay;
    };
    switch (kind) {
      case "ordinary":
        return goOn(random.fraction() * 2 * daysPerRecord);
      case "backJump":
        return this.clockDay - random.pick([1, 2, 3, random.whole(1, backDaysMax)]);
      case "forwardJump":
        return goOn(random.whole(1, forwardDaysMax));
      case "farForward":
        return goOn(random.whole(400, random.pick([1000, 200_000])));
      case "farBack":
        return this.clockDay - random.whole(400, random.pick([1000, 300_000]));
      case "future":
        return this.clockDay + random.pick([0, 1, random.whole(2, 4000)]);
    }
  }

  /** A malformed line dated past the clock, so that it is seen if it should move a watermark. */
  private malformed(): GeneratedRecord {
    const { random } = this;
    const kind = random.weighted(this.malformedKinds);
    const day = Math.min(LAST_DAY, Math.floor(this.clockDay) + random.whole(0, 400));
    const columns = {
      date: new Date(day * DAY_MS).toISOString().slice(0, 10),
      movie: String(this.pickMovie()),
      user: String(random.whole(1, 3_000_000)),
      rating: String(this.pickRating()),
    };
    return { line: writeMalformedLine(random, kind, columns), kind, valid: false };
  }

  /** Some movies are rated far more often than others. */
  private pickMovie(): number {
    return this.movieIds[Math.floor(this.random.fraction() ** 2 * this.movieIds.length)];
  }

  private pickRating(): number {
    return this.random.chance(0.05) ? this.random.whole(0, 10) : this.random.pick([1, 2, 3, 4, 4, 5, 5]);
  }

  /** The record's timestamp: none, on the edge of what `--max-future` allows, past it (`tooEarly`), or far from it. */
  private pickTimestamp(eventTimeMs: number, exact: boolean, tooEarly: boolean): number | undefined {
    const { random } = this;
    const { maxFutureMs = DAY_MS } = this.options;
    const edgeMs = eventTimeMs - maxFutureMs;
    if (tooEarly) return Math.max(-1, edgeMs - random.pick([1, 1000, random.whole(1, 1000 * DAY_MS)]));
    const kind = random.weighted({ absent: 2, none: 1, edge: 1, soon: 4, longAfter: 2 });
    // On the very edge, what is finer than a millisecond would decide: the contract leaves that open.
    if (kind === "edge" && exact) return Math.max(-1, edgeMs);
    if (kind === "soon") return Math.max(-1, eventTimeMs + random.whole(0, 3 * DAY_MS));
    if (kind === "longAfter") return Math.max(-1, eventTimeMs + random.whole(1000, 9000) * DAY_MS);
    return kind === "none" ? -1 : undefined;
  }
}

function makeMovieIds(random: Random, count: number): number[] {
  const movieIds = new Set<number>();
  while (movieIds.size < count) {
    movieIds.add(random.chance(0.3) ? random.pick(ODD_MOVIE_IDS) : random.whole(1, 20_000 + count));
  }
  return [...movieIds];
}

function pickStartDay(random: Random): number {
  const era = random.weighted({ netflix: 6, before1970: 3, any: 1, firstYear: 0.2, lastYear: 0.2 });
  if (era === "netflix") return random.whole(11_900, 12_100); // 2002
  if (era === "before1970") return random.whole(-120, 0);
  if (era === "firstYear") return random.whole(FIRST_DAY, FIRST_DAY + 30);
  if (era === "lastYear") return random.whole(LAST_DAY - 60, LAST_DAY);
  return random.whole(FIRST_DAY, LAST_DAY - 1000);
}
