/**
 * Makes sample data shaped like the Netflix Prize: `npm run sample -- --rows 1000000 --out data` writes rating files
 * into data/ratings and titles into data/movie_titles.csv. The same flags give the same bytes everywhere. Never leaves
 * another sample's files in between: a folder with other files in it is refused.
 */
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { serviceError, systemErrorCode, UserError, usageError } from "../src/errors.ts";
import { MOVIES_DEFAULT, MOVIES_MAX, Movies } from "./sample/movies.ts";
import { Random } from "./sample/random.ts";
import { writeRatings } from "./sample/ratings.ts";
import { DAYS_DEFAULT, evenFiles, FILES_MAX, filesByYear, ROWS_MAX, rowsByDay } from "./sample/schedule.ts";
import { writeTitles } from "./sample/titles.ts";

const USAGE = `usage: npm run sample -- --rows N --out DIR [--days D] [--movies M] [--files K] [--seed S]
  --rows    ratings to make
  --out     folder to make: ratings/*.csv and movie_titles.csv
  --days    days that the ratings fall on, the last 2005-12-31 (${DAYS_DEFAULT}, from 1999-11-11 on)
  --movies  number of movies (${MOVIES_DEFAULT})
  --files   number of rating files (one a year, or more to keep each below 1 GB)
  --seed    another seed, other data (1)
`;
const SEED_MAX = 2 ** 32 - 1;

interface Sample {
  readonly rows: number;
  readonly out: string;
  readonly days: number;
  readonly movies: number;
  readonly files: number | undefined;
  readonly seed: number;
}

/** The flags as a sample; undefined where help was asked for. */
function readFlags(args: readonly string[]): Sample | undefined {
  const flags = parseFlags(args);
  if (flags.help) return undefined;
  if (!flags.out) throw usageError("--out is missing", "name the folder to write to: --out data");
  return {
    rows: wholeNumber("--rows", flags.rows, 1, ROWS_MAX),
    out: flags.out,
    days: wholeNumber("--days", flags.days, 1, DAYS_DEFAULT),
    movies: wholeNumber("--movies", flags.movies, 1, MOVIES_MAX),
    files: flags.files === undefined ? undefined : wholeNumber("--files", flags.files, 1, FILES_MAX),
    seed: wholeNumber("--seed", flags.seed, 0, SEED_MAX),
  };
}

function parseFlags(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        rows: { type: "string" },
        out: { type: "string" },
        days: { type: "string", default: String(DAYS_DEFAULT) },
        movies: { type: "string", default: String(MOVIES_DEFAULT) },
        files: { type: "string" },
        seed: { type: "string", default: "1" },
        help: { type: "boolean", default: false },
      },
    });
    return values;
  } catch (error) {
    throw usageError(error instanceof Error ? error.message : String(error), "see --help", error);
  }
}

function wholeNumber(flag: string, text: string | undefined, least: number, most: number): number {
  if (text === undefined) throw usageError(`${flag} is missing`, `give a whole number: ${flag} 1000000`);
  const number = /^(0|[1-9]\d*)$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw usageError(`${flag} ${text} is not a whole number from ${least} to ${most}`, "see --help");
}

/** Writes the sample; returns what it wrote, in words. */
function write(sample: Sample): string {
  const random = new Random(sample.seed);
  const movies = new Movies(sample.movies, random);
  const rowsOfDays = rowsByDay(sample.rows, sample.days);
  const files = sample.files === undefined ? filesByYear(rowsOfDays) : evenFiles(rowsOfDays, sample.files);
  const folder = join(sample.out, "ratings");
  mkdirSync(folder, { recursive: true });
  const names = new Set(files.map(({ name }) => name));
  const foreign = readdirSync(folder).find((name) => !names.has(name));
  if (foreign !== undefined) {
    throw usageError(
      `${folder} holds ${foreign}, which is no part of this sample`,
      "name another --out, or empty that folder first: all that lies there would be produced together",
    );
  }
  const titles = writeTitles(join(sample.out, "movie_titles.csv"), movies, random);
  const bytes = writeRatings(folder, files, rowsOfDays, movies, random);
  return `${sample.rows} ratings in ${files.length} files (${bytes} bytes) in ${folder}, ${titles} titles beside it`;
}

/** A disk's refusal as an error that the user can mend. */
function diskError(error: unknown, out: string): unknown {
  const code = systemErrorCode(error);
  if (code === undefined) return error;
  if (code === "ENOSPC" || code === "EDQUOT") {
    return serviceError(`no space left for ${out}`, "free some, or make fewer --rows: one takes about 25 bytes", error);
  }
  return usageError(`cannot write to ${out}: ${code}`, "name a folder that may be written to", error);
}

function run(args: readonly string[]): number {
  let out = "";
  try {
    const sample = readFlags(args);
    if (sample === undefined) {
      process.stdout.write(USAGE);
      return 0;
    }
    out = sample.out;
    process.stderr.write(`${write(sample)}\n`);
    return 0;
  } catch (caught) {
    const error = diskError(caught, out);
    if (!(error instanceof UserError)) throw error;
    process.stderr.write(`error: ${error.message}\nhint: ${error.hint}\n`);
    return error.exitCode;
  }
}

process.exitCode = run(process.argv.slice(2));
