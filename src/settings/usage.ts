/**
 * What `--help` prints, rendered from the command table and the table of settings, so that it cannot become
 * outdated: an overview of the commands, and for each command its flags with their variables, defaults and meaning.
 */
import { stripVTControlCharacters } from "node:util";
import { type CommandDef, renderUsage } from "citty";
import type { Setting } from "./row.ts";

/** Lines of help are at most this wide. */
const WIDTH = 100;
const COLUMN_GAP = "  ";
const MEANING_INDENT = "      ";

const EXIT_CODES =
  "Exit codes: 0 done, 1 a bug, 2 usage or configuration, 3 a service cannot be reached or refuses us,\n" +
  "4 data or state is damaged, or belongs to another or a living run.";

/** The overview of all commands; plain text unless `colours`. */
export async function overview(program: CommandDef, colours: boolean): Promise<string> {
  const usage = await renderUsage(program);
  return `${colours ? usage : stripVTControlCharacters(usage).replace(/ +$/gm, "")}\n\n${EXIT_CODES}\n`;
}

/** The help of one command. */
export function commandHelp(name: string, description: string, settings: readonly Setting[]): string {
  const header = ["FLAG", "VARIABLE", "DEFAULT"];
  const columns = [header, ...settings.map(describe)];
  const widths = header.map((_, column) => Math.max(...columns.map((cells) => cells[column].length)));
  const aligned = (cells: string[]) =>
    COLUMN_GAP +
    cells
      .map((cell, column) => cell.padEnd(widths[column]))
      .join(COLUMN_GAP)
      .trimEnd();
  const rows = settings.flatMap((setting) => [
    aligned(describe(setting)),
    ...wrap(meaning(setting), WIDTH - MEANING_INDENT.length).map((line) => MEANING_INDENT + line),
  ]);
  return [
    ...wrap(description, WIDTH),
    "",
    `USAGE tidemark ${name} [--flag value]...`,
    "",
    "A flag wins over its variable; an empty variable counts as not set.",
    "",
    aligned(header),
    ...rows,
    "",
    EXIT_CODES,
    "",
  ].join("\n");
}

function describe(setting: Setting): string[] {
  const placeholder = setting.placeholder === undefined ? "" : ` <${setting.placeholder}>`;
  const flag = setting.flag === undefined ? "(no flag)" : `--${setting.flag}${placeholder}`;
  const isSwitch = setting.flag !== undefined && setting.placeholder === undefined;
  const fallback = isSwitch ? "off" : (setting.default ?? setting.defaultMeans ?? "none");
  return [flag, setting.variable, fallback];
}

function meaning(setting: Setting): string {
  return setting.secret ? `${setting.meaning}; ${setting.variable}_FILE names a file that holds it` : setting.meaning;
}

/** Breaks `text` at spaces into lines of at most `width` characters; a longer word gets a line of its own. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
