/**
 * The two kinds of error: the user's, which carries what is wrong, what to do and an exit code, and bugs, which
 * are assertions with a stack. Nobody but `main.ts` turns either into an exit.
 */

/** 2: usage or configuration. 3: a service cannot be reached or refuses us. 4: data or state is damaged or not ours. */
export type UserExitCode = 2 | 3 | 4;

/**
 * An error that the user can remedy: `message` says what is wrong and where, `hint` what to do. Shown without a stack.
 */
export class UserError extends Error {
  override readonly name = "UserError";
  readonly exitCode: UserExitCode;
  readonly hint: string;

  constructor(exitCode: UserExitCode, message: string, hint: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.exitCode = exitCode;
    this.hint = hint;
  }
}

/** Wrong usage or configuration: exit code 2. */
export const usageError = (message: string, hint: string, cause?: unknown): UserError =>
  new UserError(2, message, hint, cause);

/** A service, or the disk, cannot be reached or refuses us: exit code 3. */
export const serviceError = (message: string, hint: string, cause?: unknown): UserError =>
  new UserError(3, message, hint, cause);

/** Data or state that is damaged, or belongs to another or a living run: exit code 4. */
export const stateError = (message: string, hint: string, cause?: unknown): UserError =>
  new UserError(4, message, hint, cause);

/** Must hold, or there is a bug in Tidemark. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`);
}

/** The `code` of a Node system error (`ENOENT`, `ENOSPC`, …), or undefined. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
