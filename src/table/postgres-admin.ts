/**
 * What `setup` and `cleanup` do to a PostgreSQL database. Setup acts as the run's own user and asks the administrator
 * only for what that user cannot do: see `postgres-server.ts`. Cleanup removes the tables in one transaction, then
 * database and user, if setup made them and nobody else put anything into them. Somebody else's tables are never
 * touched.
 */
import type { Surroundings } from "../command.ts";
import type { RatingsSource } from "../epoch.ts";
import type { PostgresDatabase } from "../settings/settings.ts";
import { type Contents, listKept, listOurs, ownsRatings } from "./contents.ts";
import type { CleanedUp, TableAdmin } from "./contract.ts";
import { isRefusal, reasonOf } from "./postgres-errors.ts";
import { lockDatabase } from "./postgres-lock.ts";
import { readContents, readShards } from "./postgres-schema.ts";
import {
  asAdministrator,
  checkMayRemove,
  describeUser,
  dropDatabase,
  dropUser,
  makeUserAndDatabase,
  readStanding,
  revokeRights,
  type Standing,
} from "./postgres-server.ts";
import { connectPatiently, describePlace, type PostgresSession, translated } from "./postgres-session.ts";
import { dropOurs, hasOthers, makeMissing } from "./postgres-tables.ts";

/**
 * `source`: whose results it has to hold. `holder` names this process to others ("cleanup, pid 12"). Exit 3 where the
 * server cannot be had, or refuses the user and then the administrator.
 */
export function openPostgresAdmin(
  database: PostgresDatabase,
  source: RatingsSource,
  holder: string,
  surroundings: Surroundings,
): TableAdmin {
  const admin = new PostgresAdmin(database, source, holder, surroundings);
  return {
    setup: () => translated(database, () => admin.setup()),
    inventory: () => translated(database, () => admin.inventory()),
    cleanup: (whenSure = async () => {}) => translated(database, () => admin.cleanup(whenSure)),
  };
}

const NOTHING: CleanedUp = { removed: [], kept: [] };

/** What there is of ours: in the database, and the database and its user themselves. */
interface Found {
  /** Undefined where there is no database. */
  readonly contents: Contents | undefined;
  /** Whether somebody else put anything into the database. */
  readonly others: boolean;
  readonly standing: Standing;
}

class PostgresAdmin {
  readonly #database: PostgresDatabase;
  readonly #source: RatingsSource;
  readonly #holder: string;
  readonly #surroundings: Surroundings;

  constructor(database: PostgresDatabase, source: RatingsSource, holder: string, surroundings: Surroundings) {
    this.#database = database;
    this.#source = source;
    this.#holder = holder;
    this.#surroundings = surroundings;
  }

  async setup(): Promise<string[]> {
    const made: string[] = [];
    const session = await this.#connect().catch(async (error) => {
      if (!isRefusal(error)) throw error;
      const why = this.#whyAdministrator(error);
      const makeThem = (admin: PostgresSession) => makeUserAndDatabase(admin, this.#database);
      made.push(...(await asAdministrator(this.#database, this.#surroundings, why, makeThem)));
      return this.#connect();
    });
    try {
      made.push(...(await makeMissing(session, this.#database, this.#source, this.#surroundings)));
      return made;
    } finally {
      await session.end();
    }
  }

  async inventory(): Promise<string[]> {
    const session = await this.#connectIfLetIn();
    try {
      return this.#list(await this.#look(session));
    } finally {
      await session?.end();
    }
  }

  async cleanup(whenSure: () => Promise<void>): Promise<CleanedUp> {
    const session = await this.#connectIfLetIn();
    try {
      const found = await this.#look(session);
      if (this.#list(found).length === 0) {
        await whenSure();
        return NOTHING;
      }
      const { standing } = found;
      if (!standing.madeDatabase && !standing.madeUser) return await this.#removeTables(session, found, whenSure);
      const why = `setup made ${describePlace(this.#database)} or its user, which only an administrator removes`;
      return await asAdministrator(this.#database, this.#surroundings, why, async (admin) => {
        await checkMayRemove(admin, this.#database, standing);
        const tables = await this.#removeTables(session, found, whenSure);
        await session?.end();
        const { removed, kept } = await this.#removeFromServer(admin, found);
        return { removed: [...tables.removed, ...removed], kept: [...tables.kept, ...kept] };
      });
    } finally {
      await session?.end();
    }
  }

  #connect(): Promise<PostgresSession> {
    return connectPatiently(this.#database, this.#surroundings);
  }

  /**
   * Undefined where there is no database; its user may still be there, left by a cleanup that was killed. Only the
   * administrator can tell that from a user who is refused.
   */
  async #connectIfLetIn(): Promise<PostgresSession | undefined> {
    return this.#connect().catch(async (error) => {
      if (!isRefusal(error)) throw error;
      const standing = await this.#readStandingAsAdministrator(error);
      if (standing.databaseExists) throw error;
      return undefined;
    });
  }

  async #look(session: PostgresSession | undefined): Promise<Found> {
    if (session !== undefined) {
      const contents = await readContents(session);
      // Another's table is refused here, before anything is removed.
      if (contents.sound.has("tidemark_shards")) await readShards(session, this.#source);
      const standing = await readStanding(session, this.#database);
      return { contents, others: await hasOthers(session, contents), standing };
    }
    return { contents: undefined, others: false, standing: await this.#readStandingAsAdministrator() };
  }

  #readStandingAsAdministrator(refusal?: unknown): Promise<Standing> {
    const read = (admin: PostgresSession) => readStanding(admin, this.#database);
    return asAdministrator(this.#database, this.#surroundings, this.#whyAdministrator(refusal), read);
  }

  /** What cleanup removes, in words. */
  #list({ contents, others, standing }: Found): string[] {
    const lines = contents === undefined ? [] : listOurs(contents, describePlace(this.#database));
    if (standing.madeDatabase && !others) lines.push(describePlace(this.#database));
    if (standing.madeUser) lines.push(describeUser(this.#database));
    return lines;
  }

  async #removeTables(
    session: PostgresSession | undefined,
    { contents }: Found,
    whenSure: () => Promise<void>,
  ): Promise<CleanedUp> {
    if (session === undefined || contents === undefined) {
      await whenSure();
      return NOTHING;
    }
    const place = describePlace(this.#database);
    await lockDatabase(session, contents, this.#holder);
    return session.transaction(async () => {
      const found = await readContents(session);
      if (found.sound.has("tidemark_shards")) await readShards(session, this.#source);
      await dropOurs(session, found);
      // What depends on a table would have refused; all comes back if we end before the commit.
      await whenSure();
      return { removed: listOurs(found, place), kept: listKept(found, place) };
    });
  }

  async #removeFromServer(admin: PostgresSession, { contents, others, standing }: Found): Promise<CleanedUp> {
    const place = describePlace(this.#database);
    const removed: string[] = [];
    const kept: string[] = [];
    const dropsDatabase = standing.madeDatabase && !others;
    if (dropsDatabase) {
      await dropDatabase(admin, this.#database);
      removed.push(place);
    } else if (standing.madeDatabase) {
      kept.push(`${place}, which holds what is not Tidemark's`);
    }
    if (!standing.madeUser) return { removed, kept };
    if (!dropsDatabase && contents !== undefined) {
      const stays = new Set(
        contents.tables.has("movie_ratings") && !ownsRatings(contents) ? (["movie_ratings"] as const) : [],
      );
      const revoke = (session: PostgresSession) => revokeRights(session, this.#database, stays);
      await asAdministrator(this.#database, this.#surroundings, "", revoke, this.#database.database);
    }
    const user = describeUser(this.#database);
    if (await dropUser(admin, this.#database)) removed.push(user);
    else kept.push(`${user}, who owns other things`);
    return { removed, kept };
  }

  #whyAdministrator(refusal: unknown): string {
    const reason = refusal === undefined ? "" : `: ${reasonOf(refusal)}`;
    return `${describePlace(this.#database)} does not let user ${this.#database.user} in${reason}`;
  }
}
