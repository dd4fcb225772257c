/**
 * What a user typed after a command's name: every flag must be known, belong to the command and have its value;
 * anything else is a usage error that says so and names the nearest flag. Leaves alone what a value means.
 */
import { usageError } from "../errors.ts";
import type { CommandName, Setting } from "./row.ts";

/** Text of the flags given, by the flag's name without dashes. A switch given alone is "true". */
export type TypedFlags = ReadonlyMap<string, string>;

/** A flag more edits away than this is not a misspelling. */
const EDITS_MAX = 3;

/** Reads `args`, what follows the command's name, against all `settings`. */
export function readCommandLine(
  command: CommandName,
  args: readonly string[],
  settings: readonly Setting[],
): TypedFlags {
  const typed = new Map<string, string>();
  const rest = [...args];
  for (let argument = rest.shift(); argument !== undefined; argument = rest.shift()) {
    if (!argument.startsWith("-") || argument === "-" || argument === "--") throw strayArgument(command, argument);
    const equals = argument.indexOf("=");
    const flag = equals === -1 ? argument : argument.slice(0, equals);
    const setting = settings.find((row) => row.flag !== undefined && `--${row.flag}` === flag);
    if (setting === undefined || !setting.commands.includes(command)) throw unknownFlag(command, flag, settings);
    const name = flag.slice(2);
    const value = equals === -1 ? separateValue(setting, rest) : argument.slice(equals + 1);
    if (value === undefined || value === "") {
      throw usageError(`${flag} has no value`, `give it one: ${flag} <${setting.placeholder ?? "true or false"}>`);
    }
    if (typed.has(name) && typed.get(name) !== value) {
      throw usageError(`${flag} is given twice, with different values`, "give it once");
    }
    typed.set(name, value);
  }
  return typed;
}

/** The argument after a flag, unless that is itself a flag; a negative number is not. */
function separateValue(setting: Setting, rest: string[]): string | undefined {
  if (setting.placeholder === undefined) return "true";
  const next = rest[0];
  if (next === undefined || (next.startsWith("-") && !/^-[\d.]/.test(next))) return undefined;
  return rest.shift();
}

function strayArgument(command: CommandName, argument: string): Error {
  return usageError(
    `tidemark ${command} takes flags only, but was given ${JSON.stringify(argument)}`,
    `see tidemark ${command} --help`,
  );
}

function unknownFlag(command: CommandName, flag: string, settings: readonly Setting[]): Error {
  const problem = `tidemark ${command} knows no flag ${flag}`;
  if (/pass(word|wd)?$/i.test(flag) || flag.toLowerCase().includes("password")) {
    return usageError(
      problem,
      "anyone here can read a command line: set JDBC_PASSWORD (administrator: PGPASSWORD), KAFKA_SASL_PASSWORD or " +
        "KAFKA_SSL_KEY_PASSWORD, or append _FILE to the name and let it name a file that holds the password",
    );
  }
  const others = settings.find((row) => row.flag !== undefined && `--${row.flag}` === flag)?.commands;
  if (others !== undefined) return usageError(problem, `it belongs to ${others.join(", ")}`);
  const flags = settings.filter((row) => row.commands.includes(command)).flatMap((row) => row.flag ?? []);
  const near = nearest(flag.replace(/^-+/, ""), flags);
  const suggestion = near === undefined ? "" : `did you mean --${near}? `;
  return usageError(problem, `${suggestion}see tidemark ${command} --help`);
}

/** The word that takes the fewest edits to become `word`; undefined where all are far from it. */
export function nearest(word: string, words: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestEdits = Math.min(EDITS_MAX + 1, Math.max(2, word.length));
  for (const candidate of words) {
    const distance = edits(word.toLowerCase(), candidate);
    if (distance < bestEdits) [best, bestEdits] = [candidate, distance];
  }
  return best;
}

/** Letters to insert, drop or change on the way from `from` to `to` (Levenshtein), one row of the table at a time. */
function edits(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const change = row[j - 1] + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(change, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[to.length];
}
