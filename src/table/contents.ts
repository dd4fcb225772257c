/**
 * What a database holds of ours, judged and told in the same words whichever database it is: tables of another shape, a
 * newer Tidemark's, or only half there. `place` is how messages name the database. Reads and writes nothing.
 */
import { stateError, type UserError, usageError } from "../errors.ts";

export const TABLE_NAMES = ["movie_ratings", "tidemark_shards", "tidemark_setup"] as const;
export type TableName = (typeof TABLE_NAMES)[number];

/** What a database holds. */
export interface Contents {
  readonly tables: ReadonlySet<TableName>;
  /** Which of them have the shape that we would make. */
  readonly sound: ReadonlySet<TableName>;
  /** What `tidemark_setup` says; undefined where setup has not run. */
  readonly setup: { readonly madeMovieRatings: boolean } | undefined;
}

/** Exit 4 for a database set up by a newer Tidemark. */
export function checkVersion(version: number, known: number, place: string): void {
  if (version <= known) return;
  throw stateError(
    `${place} was set up by a newer Tidemark (tables of version ${version}; this one knows ${known})`,
    "use that Tidemark, or name another database",
  );
}

/** Exit 4 where one of our tables has another shape than ours. */
export function checkShapes(contents: Contents, place: string): void {
  for (const name of contents.tables) {
    if (contents.sound.has(name)) continue;
    throw stateError(
      `${name} in ${place} has other columns, types or another primary key than Tidemark's`,
      "rename that table, or name another database; nothing was changed",
    );
  }
}

/** Exit 2 where setup has not run, exit 4 where `movie_ratings` cannot be read. */
export function checkReadable(contents: Contents, place: string): void {
  if (!contents.tables.has("movie_ratings")) {
    if (!contents.tables.has("tidemark_shards")) throw notSetUp(place);
    throw stateError(
      `${place} holds tidemark_shards but not movie_ratings, whose rows it tells of`,
      "put a sound copy back; or run `tidemark setup`, then `tidemark process --rebuild`",
    );
  }
  checkShapes(contents, place);
}

/** As `checkReadable`; also exit 4 where `movie_ratings` stands there without the tables that belong with it. */
export function checkWritable(contents: Contents, place: string): void {
  checkReadable(contents, place);
  if (contents.tables.has("tidemark_shards") && contents.setup !== undefined) return;
  const missing = contents.tables.has("tidemark_shards") ? "tidemark_setup" : "tidemark_shards";
  throw stateError(
    `${place} holds movie_ratings but no ${missing}, so nobody knows whose rows these are`,
    "put a sound copy back; or move the table away, then run `tidemark setup` and `tidemark process --rebuild`",
  );
}

export function notSetUp(place: string): UserError {
  return usageError(`there is no result table in ${place}`, "run `tidemark setup` first");
}

/** For setup: rows that were there before a table that could tell of them. */
export function ownerlessRows(place: string): UserError {
  return stateError(
    `movie_ratings in ${place} holds rows, but no tidemark_shards says whose they are`,
    "move that table away, or name another database; nothing was changed",
  );
}

/** What cleanup removes, in words. */
export function listOurs(contents: Contents, place: string): string[] {
  const ours = tidemarkTables(contents).map((name) => `table ${name} in ${place}`);
  if (contents.sound.has("movie_ratings") && contents.setup !== undefined) {
    ours.unshift(`${ownsRatings(contents) ? "" : "the rows of "}table movie_ratings in ${place}`);
  }
  return ours;
}

/** What one might expect to go, and why it stays. */
export function listKept(contents: Contents, place: string): string[] {
  if (!contents.tables.has("movie_ratings") || tidemarkTables(contents).length === 0) return [];
  if (!contents.sound.has("movie_ratings")) {
    return [`table movie_ratings in ${place}, whose columns are not Tidemark's`];
  }
  if (ownsRatings(contents)) return [];
  return [`table movie_ratings in ${place}, as setup did not make it`];
}

/** Whether setup made the result table, which then is as we would make it. */
export function ownsRatings(contents: Contents): boolean {
  return contents.sound.has("movie_ratings") && contents.setup?.madeMovieRatings === true;
}

/** Ours beside the result table. */
export function tidemarkTables(contents: Contents): TableName[] {
  return [...contents.tables].filter((name) => name !== "movie_ratings");
}
