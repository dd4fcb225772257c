/**
 * What a command is, and what it is given: settings already checked, the streams, the signal that ends it, the clock.
 * A command leaves exit codes and signals to `main.ts`: it returns when it is done, ends early and cleanly when
 * `signal` aborts, with the signal's reason where it is to be done before it ends, and throws a `UserError` for what
 * the user can remedy.
 */
import type { Readable } from "node:stream";
import type { Settings } from "./settings/settings.ts";
import type { Log } from "./terminal/log.ts";
import type { Progress } from "./terminal/progress.ts";

/** Where a command's data goes. */
export interface Output {
  /** Resolves once text or bytes are handed to the system, so awaiting it holds back a fast writer. */
  write(data: string | Uint8Array): Promise<void>;
}

export interface CommandContext {
  readonly settings: Settings;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  /** Data only; whatever is for people goes to `log`. */
  readonly stdout: Output;
  readonly log: Log;
  /** A progress display on stderr; `noun` is what it counts ("ratings"). */
  readonly progress: (noun: string) => Progress;
  /** Aborts on SIGTERM and SIGINT; the command has 10 s from then. */
  readonly signal: AbortSignal;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly now: () => number;
  /** Whether stdout is a terminal. */
  readonly isTerminal: boolean;
}

/** What connecting to a service needs of the command; the signal ends every wait for one. */
export type Surroundings = Pick<CommandContext, "log" | "now" | "signal">;

export type Command = (context: CommandContext) => Promise<void>;
