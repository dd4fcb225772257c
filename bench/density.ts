/**
 * The real set's size and density, 45,000 ratings a day: what benchmarks make their samples by, so that rows and
 * windows are in proportion.
 */

export const MILLION = 1_000_000;
export const ALL_RATINGS = 100_480_507;
/** 1999-11-11 to 2005-12-31, which touch 76 windows. */
export const ALL_DAYS = 2243;

/** Days that this many ratings fall on, at most those of the real set. */
export function daysAtRealDensity(ratings: number): number {
  return Math.min(ALL_DAYS, Math.max(1, Math.floor((ratings * ALL_DAYS) / ALL_RATINGS)));
}
