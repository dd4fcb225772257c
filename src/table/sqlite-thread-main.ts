/**
 * What the thread of `sqlite-thread.ts` runs: opens the table with its first epoch, writes one epoch after the other,
 * and answers each. The process's lock is held by the thread that began it.
 */
import { parentPort, workerData } from "node:worker_threads";
import { assert, UserError } from "../errors.ts";
import { release } from "../released.ts";
import { columnsOf } from "../row-columns.ts";
import type { ThreadAnswer, ThreadRequest, ThreadTable } from "./sqlite-thread.ts";
import { SqliteWriter } from "./sqlite-writer.ts";

assert(parentPort !== null, "this file is run as a thread");
const port = parentPort;
const { path, source } = workerData as ThreadTable;
let writer: SqliteWriter | undefined;

port.on("message", (request: ThreadRequest) => port.postMessage(answer(request)));

function answer(request: ThreadRequest): ThreadAnswer {
  try {
    if (request === "close") {
      writer?.close();
    } else {
      writer ??= new SqliteWriter(path, source);
      writer.apply(request.claimant, request.epoch);
      release(...columnsOf(request.epoch.rows));
    }
    return { kind: "done" };
  } catch (error) {
    if (error instanceof UserError) {
      return { kind: "refused", exitCode: error.exitCode, message: error.message, hint: error.hint };
    }
    const { message, stack = message } = error instanceof Error ? error : new Error(String(error));
    return { kind: "bug", message, stack };
  }
}
