/**
 * One row of the table of settings: its flag, its variable, its default, what it means, how it is read and which
 * commands take it. The rows are in `places.ts` (where data lies), `security.ts` (how to connect to brokers) and
 * `work.ts` (what is done with data); `settings.ts` joins and reads them. Leaves alone where a value came from.
 */
import type { Kind } from "./values.ts";
import { yesOrNo } from "./values.ts";

export const COMMAND_NAMES = ["setup", "produce", "process", "consume-kafka", "consume-jdbc", "cleanup"] as const;
export type CommandName = (typeof COMMAND_NAMES)[number];

export interface Setting<T = unknown> {
  /** Without its dashes; undefined for what must not be on a command line, or would be of no use there. */
  readonly flag: string | undefined;
  readonly variable: string;
  /** The value's placeholder in `--help`; undefined for a switch, which takes no value. */
  readonly placeholder?: string;
  /** Parsed like what a user gives. Without a default, the value is undefined when nothing is given. */
  readonly default?: string;
  /** What happens without a value, in words for `--help`, where there is no default text. */
  readonly defaultMeans?: string;
  readonly meaning: string;
  readonly kind: Kind<T>;
  readonly commands: readonly CommandName[];
  /** Never printed; the variable whose name has `_FILE` appended names a file that holds the value. */
  readonly secret?: true;
}

/** Checks that a row is a setting, and keeps the type of its value. */
export function setting<T>(row: Setting<T>): Setting<T> {
  return row;
}

/** A switch: no value, off unless it is given. */
export function toggle(
  flag: string,
  variable: string,
  meaning: string,
  commands: readonly CommandName[],
): Setting<boolean> {
  return { flag, variable, default: "false", meaning, kind: yesOrNo, commands };
}
