/** How dense the real set is: what benchmarks make their samples by, so that rows and windows are in proportion. */

export const MILLION = 1_000_000;
/** 100,480,507 ratings on 2,243 days. */
const RATINGS_A_DAY = 45_000;
/** All days of the real set: 1999-11-11 to 2005-12-31, which touch 76 windows. */
export const ALL_DAYS = 2243;

/** Days that so many ratings fall on, at most those of the real set. */
export function daysAtRealDensity(ratings: number): number {
  return Math.min(ALL_DAYS, Math.max(1, Math.round(ratings / RATINGS_A_DAY)));
}
