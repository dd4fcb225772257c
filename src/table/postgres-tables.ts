/**
 * Our tables in a PostgreSQL database, made and taken away: each in one transaction, and never more than setup made.
 * The session is the run's own user's, inside the database.
 */
import createMovieRatings from "../../sql/postgres/create-movie-ratings.sql" with { type: "text" };
import createTidemarkSetup from "../../sql/postgres/create-tidemark-setup.sql" with { type: "text" };
import createTidemarkShards from "../../sql/postgres/create-tidemark-shards.sql" with { type: "text" };
import deleteRatings from "../../sql/postgres/delete-ratings.sql" with { type: "text" };
import deleteShards from "../../sql/postgres/delete-shards.sql" with { type: "text" };
import lockSetup from "../../sql/postgres/lock-setup.sql" with { type: "text" };
import selectAnyRating from "../../sql/postgres/select-any-rating.sql" with { type: "text" };
import selectOthers from "../../sql/postgres/select-others.sql" with { type: "text" };
import selectRights from "../../sql/postgres/select-rights.sql" with { type: "text" };
import upsertSetup from "../../sql/postgres/upsert-setup.sql" with { type: "text" };
import type { Surroundings } from "../command.ts";
import type { RatingsSource } from "../epoch.ts";
import { usageError } from "../errors.ts";
import type { PostgresDatabase } from "../settings/settings.ts";
import {
  type Contents,
  checkShapes,
  ownerlessRows,
  ownsRatings,
  TABLE_NAMES,
  type TableName,
  tidemarkTables,
} from "./contents.ts";
import { readContents, readShards, SCHEMA_VERSION } from "./postgres-schema.ts";
import { asAdministrator, grantRights, readStanding } from "./postgres-server.ts";
import { describePlace, type PostgresPlace, type PostgresSession } from "./postgres-session.ts";

const CREATE_TABLE: Readonly<Record<TableName, string>> = {
  movie_ratings: createMovieRatings,
  tidemark_shards: createTidemarkShards,
  tidemark_setup: createTidemarkSetup,
};

/** Makes what is missing, rights included; returns what it made. Exit 4 for a table of another shape or source. */
export async function makeMissing(
  session: PostgresSession,
  database: PostgresDatabase,
  source: RatingsSource,
  surroundings: Surroundings,
): Promise<string[]> {
  const { encoding } = await readStanding(session, database);
  if (encoding !== "UTF8") {
    throw usageError(
      `${describePlace(database)} has the encoding ${encoding}, which cannot hold every title`,
      "name another database, which setup can make, or make one with ENCODING 'UTF8'",
    );
  }
  const granted = await grantMissing(session, database, surroundings);
  return session.transaction(async () => [...granted, ...(await makeTables(session, database, source))]);
}

/** The administrator grants what this user lacks, if anything; a table of another shape gets nothing. */
async function grantMissing(
  session: PostgresSession,
  database: PostgresDatabase,
  surroundings: Surroundings,
): Promise<string[]> {
  const [rights] = await session.query(selectRights);
  if (rights.usage === true && rights.create === true && rights.write === true) return [];
  const place = describePlace(database);
  const why = `user ${database.user} lacks rights in ${place}`;
  const grant = async (admin: PostgresSession) => {
    const contents = await readContents(admin);
    checkShapes(contents, describePlace(database));
    await grantRights(admin, database, contents.tables);
  };
  await asAdministrator(database, surroundings, why, grant, database.database);
  return [`rights of user ${database.user} in ${place}`];
}

async function makeTables(session: PostgresSession, place: PostgresPlace, source: RatingsSource): Promise<string[]> {
  // One setup at a time, until this transaction ends.
  await session.query(lockSetup);
  const contents = await readContents(session);
  checkShapes(contents, describePlace(place));
  const missing = TABLE_NAMES.filter((name) => !contents.tables.has(name));
  if (missing.length === 0 && contents.setup !== undefined) {
    await readShards(session, source);
    return [];
  }
  const lacksShards = missing.includes("tidemark_shards");
  const lacksRatings = missing.includes("movie_ratings");
  if (lacksShards && !lacksRatings && (await session.query(selectAnyRating)).length > 0) {
    throw ownerlessRows(describePlace(place));
  }
  for (const name of missing) await session.query(CREATE_TABLE[name]);
  // The rows are gone, so what stood for having written them has to go too: `process` then asks for --rebuild.
  if (lacksRatings && !lacksShards) await session.query(deleteShards);
  await readShards(session, source);
  await session.query(upsertSetup, [SCHEMA_VERSION, lacksRatings || contents.setup?.madeMovieRatings === true]);
  return missing.map((name) => `table ${name} in ${describePlace(place)}`);
}

/** Whether anything stands in the database that setup did not make. */
export async function hasOthers(session: PostgresSession, contents: Contents): Promise<boolean> {
  const [{ others }] = await session.query(selectOthers);
  return others === true || (contents.tables.has("movie_ratings") && !ownsRatings(contents));
}

/** Removes our tables, and from a `movie_ratings` that was there before only the run's rows. */
export async function dropOurs(session: PostgresSession, contents: Contents): Promise<void> {
  if (contents.sound.has("movie_ratings") && contents.setup !== undefined) {
    if (ownsRatings(contents)) await session.query("DROP TABLE public.movie_ratings");
    else await session.queryAtLength(deleteRatings);
  }
  for (const name of tidemarkTables(contents)) await session.query(`DROP TABLE public.${name}`);
  // What somebody has put off to the end of the transaction would refuse it there.
  await session.query("SET CONSTRAINTS ALL IMMEDIATE");
}
