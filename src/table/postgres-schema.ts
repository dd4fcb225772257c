/**
 * What stands in a PostgreSQL database: our tables, of which shape, and what setup noted. Promises to touch nothing.
 * All of ours is in schema `public`.
 */
import selectSetup from "../../sql/postgres/select-setup.sql" with { type: "text" };
import selectShape from "../../sql/postgres/select-shape.sql" with { type: "text" };
import selectShards from "../../sql/postgres/select-shards.sql" with { type: "text" };
import type { RatingsSource } from "../epoch.ts";
import { type Contents, checkVersion, TABLE_NAMES, type TableName } from "./contents.ts";
import type { ShardStanding } from "./contract.ts";
import { describePlace, type PostgresSession } from "./postgres-session.ts";
import { standingsOf } from "./standing.ts";

/** Stands in `tidemark_setup`; counts up with every change of our tables. */
export const SCHEMA_VERSION = 1;

/** Our tables as the SQL files make them: each column's name, type and place in the primary key. */
const SHAPES: Readonly<Record<TableName, string>> = {
  movie_ratings:
    "window_start bigint 1, movie_id character varying(32) 2, title character varying(128), rating_count integer, " +
    "rating_sum integer, unique_rating_count integer",
  tidemark_shards:
    "consumer_group text 1, topic text 2, partition integer 3, epoch_run text, epoch_owner text, " +
    "epoch_number bigint, next_offset bigint, claimant text",
  tidemark_setup: "id integer 1, version integer, made_movie_ratings boolean, lock_holder text",
};

/** Exit 4 for a database set up by a newer Tidemark. */
export async function readContents(session: PostgresSession): Promise<Contents> {
  const shapes = new Map((await session.query(selectShape)).map((row) => [row.table_name, row.shape]));
  const tables = new Set(TABLE_NAMES.filter((name) => shapes.has(name)));
  const sound = new Set([...tables].filter((name) => shapes.get(name) === SHAPES[name]));
  if (!tables.has("tidemark_setup")) return { tables, sound, setup: undefined };
  // The version's column keeps its name for ever, so that any Tidemark can tell a newer one's database.
  const [row] = await session.query(selectSetup);
  if (typeof row?.version === "number") checkVersion(row.version, SCHEMA_VERSION, describePlace(session.place));
  const setup = row === undefined ? undefined : { madeMovieRatings: row.made_movie_ratings === true };
  return { tables, sound, setup };
}

/**
 * The rows of `tidemark_shards`, by partition; `statement` may be one that locks them. Exit 4 where they belong
 * to another group or topic.
 */
export async function readShards(
  session: PostgresSession,
  source: RatingsSource,
  statement = selectShards,
): Promise<ShardStanding[]> {
  return standingsOf(await session.query(statement), source, describePlace(session.place));
}
