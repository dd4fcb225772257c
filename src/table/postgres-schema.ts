/**
 * What stands in a PostgreSQL database: our tables, of which shape, and what setup noted. Promises to touch nothing.
 * All of ours is in schema `public`.
 */
import selectSetup from "../../sql/postgres/select-setup.sql" with { type: "text" };
import selectShape from "../../sql/postgres/select-shape.sql" with { type: "text" };
import selectShards from "../../sql/postgres/select-shards.sql" with { type: "text" };
import { stateError, usageError } from "../errors.ts";
import type { ShardStanding, TableOwner } from "./contract.ts";
import { describePlace, type PostgresPlace, type PostgresSession } from "./postgres-session.ts";
import { standingsOf } from "./standing.ts";

/** Stands in `tidemark_setup`; counts up with every change of our tables. */
export const SCHEMA_VERSION = 1;

/** Our tables as the SQL files make them: each column's name, type and place in the primary key. */
const SHAPES = {
  movie_ratings:
    "window_start bigint 1, movie_id character varying(32) 2, title character varying(128), rating_count integer, " +
    "rating_sum integer, unique_rating_count integer",
  tidemark_shards:
    "consumer_group text 1, topic text 2, partition integer 3, epoch_run text, epoch_owner text, " +
    "epoch_number bigint, next_offset bigint, claimant text",
  tidemark_setup: "id integer 1, version integer, made_movie_ratings boolean, lock_holder text",
} as const;
export type TableName = keyof typeof SHAPES;
export const TABLE_NAMES = Object.keys(SHAPES) as TableName[];

/** What a database holds. */
export interface Contents {
  readonly tables: ReadonlySet<TableName>;
  /** Which of them have the shape that we would make. */
  readonly sound: ReadonlySet<TableName>;
  /** What `tidemark_setup` says; undefined where setup has not run. */
  readonly setup: { readonly madeMovieRatings: boolean } | undefined;
}

/** Exit 4 for a database set up by a newer Tidemark. */
export async function readContents(session: PostgresSession): Promise<Contents> {
  const shapes = new Map((await session.query(selectShape)).map((row) => [row.table_name, row.shape]));
  const tables = new Set(TABLE_NAMES.filter((name) => shapes.has(name)));
  const sound = new Set([...tables].filter((name) => shapes.get(name) === SHAPES[name]));
  if (!tables.has("tidemark_setup")) return { tables, sound, setup: undefined };
  // The version's column keeps its name for ever, so that any Tidemark can tell a newer one's database.
  const [row] = await session.query(selectSetup);
  if (typeof row?.version === "number" && row.version > SCHEMA_VERSION) {
    throw stateError(
      `${describePlace(session.place)} was set up by a newer Tidemark (tables of version ${row.version}; ` +
        `this one knows ${SCHEMA_VERSION})`,
      "use that Tidemark, or name another database",
    );
  }
  const setup = row === undefined ? undefined : { madeMovieRatings: row.made_movie_ratings === true };
  return { tables, sound, setup };
}

/** Exit 4 where one of our tables has another shape than ours. */
export function checkShapes(contents: Contents, place: PostgresPlace): void {
  for (const name of contents.tables) {
    if (contents.sound.has(name)) continue;
    throw stateError(
      `${name} in ${describePlace(place)} has other columns, types or another primary key than Tidemark's`,
      "rename that table, or name another database; nothing was changed",
    );
  }
}

/** Exit 2 where setup has not run, exit 4 where `movie_ratings` cannot be read. */
export function checkReadable(contents: Contents, place: PostgresPlace): void {
  if (!contents.tables.has("movie_ratings")) {
    if (!contents.tables.has("tidemark_shards")) {
      throw usageError(`there is no result table in ${describePlace(place)}`, "run `tidemark setup` first");
    }
    throw stateError(
      `${describePlace(place)} holds tidemark_shards but not movie_ratings, whose rows it tells of`,
      "put a sound copy back; or run `tidemark setup`, then `tidemark process --rebuild`",
    );
  }
  checkShapes(contents, place);
}

/** As `checkReadable`; also exit 4 where `movie_ratings` stands there without the tables that belong with it. */
export function checkWritable(contents: Contents, place: PostgresPlace): void {
  checkReadable(contents, place);
  if (contents.tables.has("tidemark_shards") && contents.setup !== undefined) return;
  const missing = contents.tables.has("tidemark_shards") ? "tidemark_setup" : "tidemark_shards";
  throw stateError(
    `${describePlace(place)} holds movie_ratings but no ${missing}, so nobody knows whose rows these are`,
    "put a sound copy back; or move the table away, then run `tidemark setup` and `tidemark process --rebuild`",
  );
}

/**
 * The rows of `tidemark_shards`, by partition; `statement` may be one that locks them. With an owner given, exit 4
 * where they belong to another.
 */
export async function readShards(
  session: PostgresSession,
  owner: TableOwner | undefined,
  statement = selectShards,
): Promise<ShardStanding[]> {
  return standingsOf(await session.query(statement), owner, describePlace(session.place));
}
