/**
 * The result table in PostgreSQL: the reading side, for `consume-jdbc`. Sees committed rows only and never holds up a
 * running `process`. A server that went away is waited for. Writes nothing.
 */
import selectNewest from "../../sql/postgres/select-newest.sql" with { type: "text" };
import type { Surroundings } from "../command.ts";
import { checkReadable } from "./contents.ts";
import type { ResultReader } from "./contract.ts";
import { isUnreachable, reasonOf } from "./postgres-errors.ts";
import { readContents } from "./postgres-schema.ts";
import type { PostgresPlace, PostgresSession } from "./postgres-session.ts";
import { connectPatiently, describePlace, START_PATIENCE_MS, translated } from "./postgres-session.ts";
import { type ResultRow, resultRow } from "./result-row.ts";

/** At the first read: exit 3 where the server cannot be had, 2 where setup has not run, 4 for another shape. */
export function openPostgresReader(place: PostgresPlace, surroundings: Surroundings): ResultReader {
  return new PostgresReader(place, surroundings);
}

class PostgresReader implements ResultReader {
  readonly #place: PostgresPlace;
  readonly #surroundings: Surroundings;
  #session: PostgresSession | undefined;
  #patienceMs = START_PATIENCE_MS;

  constructor(place: PostgresPlace, surroundings: Surroundings) {
    this.#place = place;
    this.#surroundings = surroundings;
  }

  newest(limit: number): Promise<ResultRow[]> {
    return translated(this.#place, async () => {
      for (;;) {
        this.#session ??= await connectPatiently(this.#place, this.#surroundings, this.#patienceMs);
        this.#patienceMs = Number.POSITIVE_INFINITY;
        try {
          return await readNewest(this.#session, limit);
        } catch (error) {
          if (!isUnreachable(error)) throw error;
          this.#surroundings.log.warn(`lost ${describePlace(this.#place)}: ${reasonOf(error)}; connecting again`);
          await this.close();
        }
      }
    });
  }

  async close(): Promise<void> {
    await this.#session?.end();
    this.#session = undefined;
  }
}

async function readNewest(session: PostgresSession, limit: number): Promise<ResultRow[]> {
  checkReadable(await readContents(session), describePlace(session.place));
  return (await session.query(selectNewest, [limit])).map(resultRow);
}
