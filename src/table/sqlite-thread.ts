/**
 * A thread that writes epochs into a SQLite result table, seen from the thread that began it. Promises that epochs are
 * written in the order in which they were handed over, and that what goes wrong there comes back as if it had happened
 * here. What the thread runs is `sqlite-thread-main.ts`.
 */
import { Worker } from "node:worker_threads";
import type { Epoch, RatingsSource } from "../epoch.ts";
import { UserError, type UserExitCode } from "../errors.ts";
import { columnsOf } from "../row-columns.ts";
import { GivenTitles } from "./given-titles.ts";
import { type TableEpoch, tableEpochOf } from "./sqlite-writer.ts";

/** What the thread is begun with. */
export interface ThreadTable {
  readonly path: string;
  readonly source: RatingsSource;
}

/** An epoch to be written; `close` asks for the end. Each is answered, in order. */
export type ThreadRequest = { readonly claimant: string; readonly epoch: TableEpoch } | "close";

/** What became of it: an error keeps neither its class nor its fields on the way from thread to thread. */
export type ThreadAnswer =
  | { readonly kind: "done" }
  | { readonly kind: "refused"; readonly exitCode: UserExitCode; readonly message: string; readonly hint: string }
  | { readonly kind: "bug"; readonly message: string; readonly stack: string };

export class SqliteThread {
  readonly #worker: Worker;
  /** Requests that are not answered yet, oldest first. */
  readonly #waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];
  readonly #titles = new GivenTitles();
  #failure: Error | undefined;

  constructor(path: string, source: RatingsSource) {
    const workerData: ThreadTable = { path, source };
    this.#worker = new Worker(new URL("./sqlite-thread-main.ts", import.meta.url), { workerData });
    this.#worker.on("message", (answer: ThreadAnswer) => {
      const { resolve, reject } = this.#waiting.shift() ?? {};
      if (answer.kind === "done") resolve?.();
      else reject?.(errorOf(answer));
    });
    this.#worker.on("error", (error: Error) => this.#fail(error));
    this.#worker.on("exit", () => this.#fail(new Error("the thread that writes the SQLite table has ended by itself")));
  }

  /** Writes an epoch, whose rows' memory is handed over: see `ResultTable.apply`. */
  apply(claimant: string, given: Epoch): Promise<void> {
    const epoch = tableEpochOf(given, this.#titles);
    const buffers = columnsOf(epoch.rows).map(({ buffer }) => buffer);
    return this.#ask({ claimant, epoch }, buffers);
  }

  /** Ends the thread, its database closed. */
  async close(): Promise<void> {
    try {
      if (this.#failure === undefined) await this.#ask("close");
    } finally {
      await this.#worker.terminate();
    }
  }

  #ask(request: ThreadRequest, handedOver: ArrayBuffer[] = []): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage(request, handedOver);
    });
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
  }
}

function errorOf(answer: Exclude<ThreadAnswer, { kind: "done" }>): Error {
  if (answer.kind === "refused") return new UserError(answer.exitCode, answer.message, answer.hint);
  const error = new Error(answer.message);
  error.stack = answer.stack;
  return error;
}
