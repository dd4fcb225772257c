/**
 * The movies of a sample: how popular each is and how it is liked. Popularity falls with a movie's rank as Zipf's law
 * has it; ids are dealt to ranks at random, so that popular movies are found everywhere. Every fourth of the most
 * popular ones is loved, so anomalies (many ratings, a high mean) occur in every sample of a few 100,000 ratings.
 */
import { type Random, WORD_END } from "./random.ts";

/** Movies in the original data. */
export const MOVIES_DEFAULT = 17_770;
export const MOVIES_MAX = 1_000_000;

/** Added to ranks, it flattens the top: of 17,770 movies the first one gets 1.3% of the ratings. */
const RANK_SHIFT = 10;
const TOP_RANKS = 100;

/** How many of 256 ratings are 1, 2, 3, 4 and 5. */
const TASTES = [
  { name: "loved", ratings: [5, 10, 36, 90, 115] }, // mean 4.17
  { name: "liked", ratings: [10, 20, 67, 98, 61] }, // 3.70
  { name: "middling", ratings: [15, 33, 90, 82, 36] }, // 3.36
  { name: "disliked", ratings: [41, 59, 84, 51, 21] }, // 2.81
] as const;
type Taste = (typeof TASTES)[number]["name"];
const TASTE_SLOTS = 256;

export class Movies {
  readonly count: number;
  /** Movie ids by rank, most popular first: 1 to `count`, each once. */
  readonly ids: Uint32Array;
  /** The alias method (Walker 1974): a rank drawn evenly is kept this often of 2^32 times, else it is its alias. */
  readonly #keep: Float64Array;
  readonly #alias: Uint32Array;
  /** The ratings of every taste, spread over 256 slots, taste after taste. */
  readonly #slots = new Uint8Array(TASTES.length * TASTE_SLOTS);
  /** By rank: where its taste's slots begin. */
  readonly #tasteStart: Uint16Array;

  constructor(count: number, random: Random) {
    this.count = count;
    this.ids = shuffledIds(count, random);
    this.#keep = new Float64Array(count);
    this.#alias = new Uint32Array(count);
    this.#fillAliases();
    for (const [taste, { ratings }] of TASTES.entries()) {
      let slot = taste * TASTE_SLOTS;
      for (const [index, share] of ratings.entries()) {
        this.#slots.fill(index + 1, slot, slot + share);
        slot += share;
      }
    }
    this.#tasteStart = Uint16Array.from({ length: count }, (_, rank) => {
      const taste = tasteOf(rank, random);
      return TASTES.findIndex(({ name }) => name === taste) * TASTE_SLOTS;
    });
  }

  /** The rank of a movie, each as often as it is popular. */
  drawRank(random: Random): number {
    const scaled = (random.word() / WORD_END) * this.count;
    const rank = Math.floor(scaled);
    // What is left of the draw decides between the rank and its alias.
    return scaled - rank < this.#keep[rank] ? rank : this.#alias[rank];
  }

  /** A rating, 1 to 5, as the movie of this rank gets them; `slot` is drawn evenly from 0 to 255. */
  rating(rank: number, slot: number): number {
    return this.#slots[this.#tasteStart[rank] + slot];
  }

  #fillAliases(): void {
    const weights = Float64Array.from({ length: this.count }, (_, rank) => 1 / (rank + RANK_SHIFT));
    const mean = weights.reduce((total, weight) => total + weight, 0) / this.count;
    // Weights fall with the rank: the heavy ranks stand first, the light ones, each topped up by a heavy one, last.
    let heavy = 0;
    const heavyEnd = weights.findIndex((weight) => weight < mean);
    const light: number[] = [];
    for (let rank = this.count - 1; heavyEnd !== -1 && rank >= heavyEnd; rank--) light.push(rank);
    this.#keep.fill(1);
    while (light.length > 0 && heavy < heavyEnd) {
      const rank = light.pop() as number;
      this.#keep[rank] = weights[rank] / mean;
      this.#alias[rank] = heavy;
      weights[heavy] -= mean - weights[rank];
      if (weights[heavy] < mean) light.push(heavy++);
    }
  }
}

function tasteOf(rank: number, random: Random): Taste {
  if (rank < TOP_RANKS) return rank % 4 === 0 ? "loved" : "liked";
  const percent = random.below(100);
  if (percent < 1) return "loved";
  if (percent < 31) return "liked";
  return percent < 81 ? "middling" : "disliked";
}

function shuffledIds(count: number, random: Random): Uint32Array {
  const ids = Uint32Array.from({ length: count }, (_, index) => index + 1);
  for (let last = count - 1; last > 0; last--) {
    const other = random.below(last + 1);
    const id = ids[last];
    ids[last] = ids[other];
    ids[other] = id;
  }
  return ids;
}
