/**
 * What stands in a SQLite database: our tables, of which shape, and what setup made. Promises to touch nothing. The
 * SQL files that make the tables are the only place that knows their columns: a table's shape is compared with what
 * they would make.
 */
import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import createMovieRatings from "../../sql/sqlite/create-movie-ratings.sql" with { type: "text" };
import createTidemarkSetup from "../../sql/sqlite/create-tidemark-setup.sql" with { type: "text" };
import createTidemarkShards from "../../sql/sqlite/create-tidemark-shards.sql" with { type: "text" };
import selectObjects from "../../sql/sqlite/select-objects.sql" with { type: "text" };
import selectSetup from "../../sql/sqlite/select-setup.sql" with { type: "text" };
import selectShape from "../../sql/sqlite/select-shape.sql" with { type: "text" };
import selectShards from "../../sql/sqlite/select-shards.sql" with { type: "text" };
import { stateError, usageError } from "../errors.ts";
import type { ShardStanding, TableOwner } from "./contract.ts";
import { translated } from "./sqlite-database.ts";
import { standingsOf } from "./standing.ts";

/** Stands in `tidemark_setup`; counts up with every change of our tables. */
export const SCHEMA_VERSION = 1;

export const CREATE_TABLE = {
  movie_ratings: createMovieRatings,
  tidemark_shards: createTidemarkShards,
  tidemark_setup: createTidemarkSetup,
} as const;
export type TableName = keyof typeof CREATE_TABLE;
const TABLE_NAMES = Object.keys(CREATE_TABLE) as TableName[];

/** What `tidemark_setup` says. */
export interface Setup {
  readonly version: number;
  readonly madeFile: boolean;
  readonly madeMovieRatings: boolean;
}

/** What a database holds. */
export interface Contents {
  readonly tables: ReadonlySet<TableName>;
  /** Which of them have the shape that we would make. */
  readonly sound: ReadonlySet<TableName>;
  readonly setup: Setup | undefined;
  /** Whether anything is there that is not ours. */
  readonly others: boolean;
}

/** Looks into an open database. Exit 4 for one made by a newer Tidemark. */
export function readContents(database: DatabaseSync, path: string): Contents {
  return translated(path, () => {
    const objects = database.prepare(selectObjects).all();
    const names = new Set(objects.map((object) => object.name));
    const tables = new Set(TABLE_NAMES.filter((name) => names.has(name)));
    const sound = new Set([...tables].filter((name) => shapeIn(database, name) === shapeWanted(name)));
    const setup = tables.has("tidemark_setup") ? readSetup(database) : undefined;
    if (setup !== undefined && setup.version > SCHEMA_VERSION) {
      throw stateError(
        `${path} was made by a newer Tidemark (tables of version ${setup.version}; this one knows ${SCHEMA_VERSION})`,
        "use that Tidemark, or name another database",
      );
    }
    return { tables, sound, setup, others: objects.length > tables.size };
  });
}

/** Exit 4 where one of our tables has another shape than ours. */
export function checkShapes(contents: Contents, path: string): void {
  for (const name of contents.tables) {
    if (contents.sound.has(name)) continue;
    throw stateError(
      `${name} in ${path} has other columns, types or another primary key than Tidemark's`,
      "rename that table, or name another database; nothing was changed",
    );
  }
}

/** Exit 2 where there is nothing yet that could be opened. */
export function checkExists(path: string): void {
  if (!existsSync(path)) throw notSetUp(path);
}

/** Exit 2 where setup has not run, exit 4 where `movie_ratings` cannot be read. */
export function checkReadable(contents: Contents, path: string): void {
  if (!contents.tables.has("movie_ratings")) {
    if (!contents.tables.has("tidemark_shards")) throw notSetUp(path);
    throw stateError(
      `${path} holds tidemark_shards but not movie_ratings, whose rows it tells of`,
      "put a sound copy back; or run `tidemark setup`, then `tidemark process --rebuild`",
    );
  }
  checkShapes(contents, path);
}

/** As `checkReadable`; also exit 4 where `movie_ratings` stands there without the tables that belong with it. */
export function checkWritable(contents: Contents, path: string): void {
  checkReadable(contents, path);
  if (contents.tables.has("tidemark_shards") && contents.setup !== undefined) return;
  const missing = contents.tables.has("tidemark_shards") ? "tidemark_setup" : "tidemark_shards";
  throw stateError(
    `${path} holds movie_ratings but no ${missing}, so nobody knows whose rows these are`,
    "put a sound copy back; or move the table away, then run `tidemark setup` and `tidemark process --rebuild`",
  );
}

/** The rows of `tidemark_shards`, by partition. With an owner given, exit 4 where they belong to another. */
export function readShards(database: DatabaseSync, path: string, owner: TableOwner | undefined): ShardStanding[] {
  return standingsOf(
    translated(path, () => database.prepare(selectShards).all()),
    owner,
    path,
  );
}

// The version's column keeps its name for ever, so that any Tidemark can tell a newer one's database.
function readSetup(database: DatabaseSync): Setup | undefined {
  const row = database.prepare(selectSetup).get();
  if (typeof row?.version !== "number") return undefined;
  return { version: row.version, madeFile: row.made_file === 1, madeMovieRatings: row.made_movie_ratings === 1 };
}

function shapeWanted(name: TableName): string {
  const empty = new DatabaseSync(":memory:");
  try {
    empty.exec(CREATE_TABLE[name]);
    return shapeIn(empty, name);
  } finally {
    empty.close();
  }
}

function shapeIn(database: DatabaseSync, name: TableName): string {
  return JSON.stringify(database.prepare(selectShape).all(name));
}

function notSetUp(path: string): Error {
  return usageError(`there is no result table in ${path}`, "run `tidemark setup` first");
}
