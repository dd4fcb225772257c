/**
 * PostgreSQL's errors and the connection's, told apart: what passes if one waits (the server cannot be reached, the
 * session is lost), and what the user has to mend. No message holds a password: the server's never do, and the
 * driver's are quoted only where they come from the network.
 */
import { serviceError, stateError, systemErrorCode, UserError, usageError } from "../errors.ts";

/** Of the network: the server may come, or come back. */
const NETWORK_CODES =
  /^(ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN|ENOTFOUND|EAI_|ENOENT|ERR_STREAM|ERR_SOCKET)/;
/** The driver's own words for a connection that is gone, or does not answer; they carry no code. */
const GONE = /Connection terminated|Connection ended|not queryable|Client was closed|timeout expired|read timeout/i;
/** SQLSTATEs of a server that shuts down, starts, has no room for a session, or ended ours; and of a deadlock. */
const PASSING_STATES = /^(08...|57P0[1235]|25P03|53300|40001|40P01)$/;

const ADMINISTRATOR_HINT = "or run `tidemark setup` with the administrator's PGUSER and PGPASSWORD";

/** The server's five characters for what went wrong; undefined for an error that is not the server's. */
export function sqlState(error: unknown): string | undefined {
  return error instanceof Error && "severity" in error ? systemErrorCode(error) : undefined;
}

/** Whether the session is gone, or could not be had, for a reason that passes. */
export function isUnreachable(error: unknown): boolean {
  const state = sqlState(error);
  if (state !== undefined) return PASSING_STATES.test(state);
  return NETWORK_CODES.test(systemErrorCode(error) ?? "") || (error instanceof Error && GONE.test(error.message));
}

/** Whether a statement was ended for the time it took, as by another session's lock; or somebody cancelled it. */
export function isHeldUp(error: unknown): boolean {
  return /^(55P03|57014)$/.test(sqlState(error) ?? "");
}

/** Whether the server takes no writes: a standby, which a failover may still make the primary. */
export function isReadOnly(error: unknown): boolean {
  const state = sqlState(error);
  return state === "25006" || (state === "0A000" && reasonOf(error).includes("during recovery"));
}

/** Whether the server turns this user away, or has no such database: what an administrator could mend. */
export function isRefusal(error: unknown): boolean {
  return /^(28...|3D000|42501)$/.test(sqlState(error) ?? "") || isPasswordMissing(error);
}

/** The driver's own check, before anything is sent. */
function isPasswordMissing(error: unknown): boolean {
  return error instanceof Error && error.message.includes("client password must be");
}

/** What an error says in a few words, also where a host has several addresses and all failed. */
export function reasonOf(error: unknown): string {
  if (isPasswordMissing(error)) return "a password is asked for, and none is given";
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.map(reasonOf).join("; ");
  return error instanceof Error ? error.message || (systemErrorCode(error) ?? error.name) : String(error);
}

/** What the server adds to its message: `view public.v depends on table movie_ratings`. */
function detailOf(error: unknown): string | undefined {
  const { detail } = error as { detail?: unknown };
  return typeof detail === "string" ? detail.replaceAll("\n", "; ") : undefined;
}

/** The user's error that `error` is or stands for; undefined for a bug. `place` names the database, `user` its user. */
export function userErrorOf(error: unknown, place: string, user: string): UserError | undefined {
  if (error instanceof UserError) return error;
  const reason = reasonOf(error);
  if (isPasswordMissing(error)) {
    const hint = "set JDBC_PASSWORD, or the administrator's PGPASSWORD for setup and cleanup";
    return serviceError(`${place} asks user ${user} for a password, and none is given`, hint, error);
  }
  const state = sqlState(error);
  if (state === undefined) {
    if (!isUnreachable(error)) return undefined;
    const hint = "check host and port, and that the server is running";
    return serviceError(`cannot reach ${place}: ${reason}`, hint, error);
  }
  if (PASSING_STATES.test(state)) {
    return serviceError(`${place} does not answer: ${reason}`, "check the server, then start again", error);
  }
  if (state.startsWith("28")) {
    return serviceError(
      `${place} refuses user ${user}: ${reason}`,
      `check user, password and sslmode; ${ADMINISTRATOR_HINT}`,
      error,
    );
  }
  if (state === "3D000" || state === "57P04") {
    return usageError(`there is no ${place}`, "run `tidemark setup` first, or mend the URL", error);
  }
  if (state === "3F000") {
    return usageError(`${place} has no schema public: ${reason}`, "make it with CREATE SCHEMA public", error);
  }
  // A prepared statement that the session does not know, or knows although it is new.
  if (state === "26000" || state === "42P05") {
    return usageError(
      `${place} does not keep our session: ${reason}`,
      "a pooler before it must pool sessions (PgBouncer: pool_mode = session), as locks and statements are a session's",
      error,
    );
  }
  if (state === "42501") {
    return serviceError(
      `${place} does not let user ${user} do this: ${reason}`,
      `grant that right, ${ADMINISTRATOR_HINT}`,
      error,
    );
  }
  if (/^(53...|58030)$/.test(state)) {
    return serviceError(
      `${place} cannot write: ${reason}`,
      "make room on the server's disk, or mend it, then start again; nothing was written in part",
      error,
    );
  }
  if (isHeldUp(error)) {
    return serviceError(
      `a statement in ${place} waited too long: ${reason}`,
      "end the program that holds the table, or give the server time, then start again",
      error,
    );
  }
  if (isReadOnly(error)) {
    return serviceError(`${place} cannot be written: ${reason}`, "name the primary server, not a standby", error);
  }
  if (/^42(P01|P10|703|804)$/.test(state)) {
    return stateError(
      `${place} was changed while it was in use: ${reason}`,
      "run `tidemark setup`, then `tidemark process --rebuild`",
      error,
    );
  }
  if (state === "2BP01") {
    return stateError(
      `${place} keeps its tables, as ${detailOf(error) ?? reason}`,
      "remove what depends on them first; nothing was changed",
      error,
    );
  }
  // A trigger that raises, a constraint that was added, a value that a column of another type does not take.
  if (/^(P0|22|23)/.test(state)) {
    return stateError(
      `${place} does not take what is written: ${[reason, detailOf(error)].filter(Boolean).join(": ")}`,
      "remove the trigger, constraint or index that somebody added to the table, then start again; " +
        "nothing was written in part",
      error,
    );
  }
  if (/^XX00[12]$/.test(state)) {
    return stateError(`${place} is damaged: ${reason}`, "put a sound copy back", error);
  }
  return undefined;
}
