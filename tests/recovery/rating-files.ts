/**
 * Folders of rating files, ordered by date as Netflix's are, with some late, malformed and untitled ratings among them;
 * and the titles file that belongs to them. The same seed gives the same files.
 */
import type { Random } from "../generate/random.ts";
import type { Workplace } from "../scenarios/workplace.ts";

export interface RatingFiles {
  readonly ratings: number;
  readonly firstDay: number;
  readonly days: number;
  readonly movies: number;
}

/** Files of a folder. */
const FILES = 10;
const DAY_MS = 86_400_000;
const MALFORMED_LINES = ["no rating", "2003-02-30,1,7,3", "2003-02-03,01,7,3", "2003-02-03,1,,3", '"2003-02-03,1,7,3'];

/** Writes `FILES` files below `folder`. */
export function writeRatingFiles(
  workplace: Workplace,
  folder: string,
  random: Random,
  { ratings, firstDay, days, movies }: RatingFiles,
): void {
  let lines = ["date,film_id,user_id,rate"];
  for (let index = 0; index < ratings; index++) {
    const late = random.chance(0.01) ? random.whole(1, 45) : 0;
    const day = firstDay + Math.floor((index * days) / ratings) - late;
    const date = new Date(day * DAY_MS).toISOString().slice(0, 10);
    const movie = 1 + Math.floor(random.fraction() ** 2 * movies);
    const malformed = random.chance(0.003) && random.pick(MALFORMED_LINES);
    lines.push(malformed || `${date},${movie},${random.whole(1, 2_000_000)},${random.whole(1, 5)}`);
    if ((index + 1) % Math.ceil(ratings / FILES) > 0 && index + 1 < ratings) continue;
    workplace.write(`${folder}/${String(index).padStart(9, "0")}.csv`, `${lines.join("\n")}\n`);
    lines = ["date,film_id,user_id,rate"];
  }
}

/** Writes the titles file; every eleventh movie has none. Returns what it says. */
export function writeTitles(workplace: Workplace, path: string, movies: number): Map<number, string> {
  const titles = new Map<number, string>();
  for (let movie = 1; movie <= movies; movie++) if (movie % 11 > 0) titles.set(movie, `Title of ${movie}`);
  workplace.write(path, [...titles].map(([movie, title]) => `${movie},2000,${title}\n`).join(""));
  return titles;
}
