/**
 * The lock that keeps a second writer out of a database: an advisory lock of one session, dropped by the server when
 * the session ends, kill -9 included. Its holder's name stands in `tidemark_setup`, for messages; it decides nothing.
 */
import { setTimeout as sleep } from "node:timers/promises";
import selectLockHolder from "../../sql/postgres/select-lock-holder.sql" with { type: "text" };
import selectSetup from "../../sql/postgres/select-setup.sql" with { type: "text" };
import takeLock from "../../sql/postgres/take-lock.sql" with { type: "text" };
import updateLockHolder from "../../sql/postgres/update-lock-holder.sql" with { type: "text" };
import { stateError } from "../errors.ts";
import type { Contents } from "./contents.ts";
import { describePlace, type PostgresSession } from "./postgres-session.ts";

/** A holder killed just now is gone within milliseconds, or when the statement that it was in has ended. */
const TRIES = 50;
const PAUSE_MS = 20;

/** Whether this session holds the lock now. */
export async function tryLock(session: PostgresSession): Promise<boolean> {
  const [{ taken }] = await session.query(takeLock);
  return taken === true;
}

/** The server's process that holds the lock; undefined where none does, or it may not be seen. */
export async function lockingBackend(session: PostgresSession): Promise<number | undefined> {
  const [row] = await session.query(selectLockHolder);
  return row === undefined ? undefined : Number(row.pid);
}

/** Takes the lock for `holder`, or ends with exit 4, naming who holds it. */
export async function lockDatabase(session: PostgresSession, contents: Contents, holder: string): Promise<void> {
  const isNoted = contents.sound.has("tidemark_setup");
  for (let tries = 1; !(await tryLock(session)); tries++) {
    if (tries === TRIES) {
      const [setup] = isNoted ? await session.query(selectSetup) : [];
      throw stateError(
        `the result table in ${describePlace(session.place)} is in use by ` +
          `${setup?.lock_holder ?? `another tidemark (process ${await lockingBackend(session)} of the server)`}`,
        "wait until it ends, or stop it; nothing was changed",
      );
    }
    await sleep(PAUSE_MS);
  }
  if (isNoted) await session.query(updateLockHolder, [holder]);
}
