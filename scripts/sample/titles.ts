/**
 * The titles file of a sample, shaped like the original: `id,year,title` without a header, in Latin-1, with commas
 * and quotes that nothing escapes and some years that are NULL. The most popular movies get the awkward titles, so
 * that these turn up in results; a few movies have no line at all.
 */
import { Buffer } from "node:buffer";
import { writeFileSync } from "node:fs";
import type { Movies } from "./movies.ts";
import type { Random } from "./random.ts";

/** By rank, most popular first: titles that were got wrong somewhere once. */
const AWKWARD_TITLES = [
  "Newts, Toads, and Other Gentlemen",
  "K-Pond",
  'The "Quiet" Year',
  'Marsh: The "Reeds Conquer All" Version',
  '"Crickets, ""Newts"" & Herons"', // one quoted field: Crickets, "Newts" & Herons
  '"Hush" and "Shush"', // none
  "Señor Otoño: El Último Día",
  "¿Quién Llamó a la Grüße-Straße?",
  "The Heron's Café",
  "  Two Blanks Before, One After ",
  "9½ Herons",
  "Été à Besançon, Part 2",
  "(this movie has no line)",
  `The ${"Very ".repeat(30)}Long Night of the Bullfrog`,
  "1984,2004,1999",
  '"',
  "=2+5",
  "NULL",
  "Æbleskiver på Ærø",
  "100% Frog; or, 50% Toad\tand a Tab",
];

/** Movies of these ranks have no title; the first of them is loved, so anomalies of it are left out. */
const UNTITLED_RANKS = new Set([12, 150, 1_000, 5_000, 15_000]);

/** Of 17,770 years the original has 7 that are NULL, and none that is empty. */
const NULL_YEAR_OF = 2_500;
const EMPTY_YEAR_OF = 5_000;
const FIRST_YEAR = 1896;
const YEARS = 110;

const OPENINGS = [
  "The",
  "A",
  "My",
  "Return of the",
  "Night of the",
  "Beyond the",
  "Best of the",
  "Farewell,",
  "Two",
  "Dr.",
];
const QUALITIES = ["Silent", "Crimson", "Last", "Hidden", "Lonely", "Golden", "Broken", "Distant", "Wild", "Secret"];
const THINGS = ["River", "Garden", "Empire", "Heart", "Stranger", "Harbor", "Mountain", "Promise", "Shadow", "Train"];
const ENDINGS = ["", "", "", "", " II", ": Season 1", ", Part 2", " in Paris", " (Live)", ": The Director's Cut"];

/** Writes the titles of all movies in the order of their ids. Returns how many there are. */
export function writeTitles(path: string, movies: Movies, random: Random): number {
  const lines: string[] = new Array(movies.count).fill("");
  let titled = 0;
  for (let rank = 0; rank < movies.count; rank++) {
    if (UNTITLED_RANKS.has(rank)) continue;
    const id = movies.ids[rank];
    const title = AWKWARD_TITLES[rank] ?? plainTitle(random);
    lines[id - 1] = `${id},${year(random)},${title}\n`;
    titled++;
  }
  writeFileSync(path, Buffer.from(lines.join(""), "latin1"));
  return titled;
}

function plainTitle(random: Random): string {
  return `${random.pick(OPENINGS)} ${random.pick(QUALITIES)} ${random.pick(THINGS)}${random.pick(ENDINGS)}`;
}

function year(random: Random): string {
  if (random.below(NULL_YEAR_OF) === 0) return "NULL";
  if (random.below(EMPTY_YEAR_OF) === 0) return "";
  return String(FIRST_YEAR + random.below(YEARS));
}
