/**
 * `consume-jdbc`: prints the newest windows of the result table, and again every interval. On a terminal each redraw
 * takes the place of the one before; elsewhere an empty line stands between two. Changes nothing in the table.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { CommandContext } from "../command.ts";
import { openReader } from "../table/open.ts";
import { formatRows } from "../table/print.ts";

const CLEAR_SCREEN = "\u001b[H\u001b[2J";

export async function consumeJdbc(context: CommandContext): Promise<void> {
  const { settings, stdout, signal, isTerminal } = context;
  const reader = openReader(settings.database, context);
  try {
    for (let draws = 0; !signal.aborted; draws++) {
      const text = formatRows(await reader.newest(settings.limit), settings.format);
      if (settings.once) return await stdout.write(text);
      const separator = isTerminal ? CLEAR_SCREEN : draws > 0 ? "\n" : "";
      await stdout.write(separator + text);
      // Rejects only when the signal aborts.
      await sleep(settings.intervalSeconds * 1000, undefined, { signal }).catch(() => {});
    }
  } finally {
    await reader.close();
  }
}
