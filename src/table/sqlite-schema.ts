/**
 * What stands in a SQLite database: our tables, of which shape, and what setup made. Promises to touch nothing. The
 * SQL files that make the tables are the only place that knows their columns: a table's shape is compared with what
 * they would make.
 */
import { statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import createMovieRatings from "../../sql/sqlite/create-movie-ratings.sql" with { type: "text" };
import createTidemarkSetup from "../../sql/sqlite/create-tidemark-setup.sql" with { type: "text" };
import createTidemarkShards from "../../sql/sqlite/create-tidemark-shards.sql" with { type: "text" };
import selectObjects from "../../sql/sqlite/select-objects.sql" with { type: "text" };
import selectSetup from "../../sql/sqlite/select-setup.sql" with { type: "text" };
import selectShape from "../../sql/sqlite/select-shape.sql" with { type: "text" };
import selectShards from "../../sql/sqlite/select-shards.sql" with { type: "text" };
import { diskError } from "../disk/durable-file.ts";
import type { RatingsSource } from "../epoch.ts";
import { systemErrorCode } from "../errors.ts";
import { type Contents, checkVersion, notSetUp, TABLE_NAMES, type TableName } from "./contents.ts";
import type { ShardStanding } from "./contract.ts";
import { translated } from "./sqlite-database.ts";
import { standingsOf } from "./standing.ts";

/** Stands in `tidemark_setup`; counts up with every change of our tables. */
export const SCHEMA_VERSION = 1;

export const CREATE_TABLE: Readonly<Record<TableName, string>> = {
  movie_ratings: createMovieRatings,
  tidemark_shards: createTidemarkShards,
  tidemark_setup: createTidemarkSetup,
};

/** What a SQLite file holds. */
export interface FileContents extends Contents {
  readonly setup: Setup | undefined;
  /** Whether anything is there that is not ours. */
  readonly others: boolean;
}

/** What `tidemark_setup` says. */
interface Setup {
  readonly version: number;
  readonly madeFile: boolean;
  readonly madeMovieRatings: boolean;
}

/** Looks into an open database. Exit 4 for one made by a newer Tidemark. */
export function readContents(database: DatabaseSync, path: string): FileContents {
  return translated(path, () => {
    const objects = database.prepare(selectObjects).all();
    const names = new Set(objects.map((object) => object.name));
    const tables = new Set(TABLE_NAMES.filter((name) => names.has(name)));
    const sound = new Set([...tables].filter((name) => shapeIn(database, name) === shapeWanted(name)));
    const setup = tables.has("tidemark_setup") ? readSetup(database) : undefined;
    if (setup !== undefined) checkVersion(setup.version, SCHEMA_VERSION, path);
    return { tables, sound, setup, others: objects.length > tables.size };
  });
}

/** Exit 2 where there is nothing yet that could be opened. */
export function checkExists(path: string): void {
  try {
    statSync(path);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") throw notSetUp(path);
    throw diskError("read", path, error);
  }
}

/** The rows of `tidemark_shards`, by partition. Exit 4 where they belong to another group or topic. */
export function readShards(database: DatabaseSync, path: string, source: RatingsSource): ShardStanding[] {
  return standingsOf(
    translated(path, () => database.prepare(selectShards).all()),
    source,
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
